"""Pictures of agents: their returns, and their rollouts over the map."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from stages.environments.normalised_score import normalised_score
from stages.plotting import style
from stages.plotting.navigation_map import NavigationMap
from stages.plotting.score_intervals import Score, score_intervals
from stages.plotting.trajectories import Rollouts, trajectories
from stages.reporting.clusterings.matching import clustering_of, matched_choices
from stages.reporting.data.metrics import data_metrics
from stages.reporting.data.results import Data
from stages.reporting.gathering import DatasetResults
from stages.reporting.kit.blocks import evenly
from stages.reporting.kit.captions import caption
from stages.reporting.kit.metrics import seeds_interval, text_of
from stages.reporting.kit.pictures import Picture, picture
from stages.reporting.returns.metrics import ReturnMetrics, worse_routes
from stages.reporting.returns.results import Evaluation, Returns

MOST_ROLLOUTS = 100


def trajectories_picture(
    results: DatasetResults, place: NavigationMap, followed: Mapping[str, str | None]
) -> Picture | None:
    """Rollouts of each agent over the map.

    Args:
        results: The dataset's results.
        place: The map.
        followed: By agent, the clustering that it acts by.
    """
    shown = [
        _rollouts(results, agent, evaluation, followed)
        for agent, evaluation in results.of(Returns).evaluations.items()
        if evaluation.paths.size
    ]
    if not shown:
        return None
    alt = "Maps with rollouts of " + "; ".join(f"{rollouts.title}: {rollouts.note}" for rollouts in shown)
    return picture(trajectories(shown, place), f"{results.name}-trajectories", alt)


def _rollouts(
    results: DatasetResults, agent: str, evaluation: Evaluation, followed: Mapping[str, str | None]
) -> Rollouts:
    choices = matched_choices(results, evaluation, clustering_of(results, agent, followed))
    worse = worse_routes(results, evaluation)
    note = f"return {style.number(evaluation.returns.mean())}"
    note += "" if worse is None else f", worse route {worse.sum()} of {worse.size}"
    seeds, drawn, steps, _ = evaluation.paths.shape
    thin = evenly(seeds * drawn, MOST_ROLLOUTS)
    paths, chosen = evaluation.paths.reshape(-1, steps, 2)[thin], choices.reshape(-1, steps)[thin]
    return Rollouts(caption("agents", agent), note, paths, chosen)


def returns_picture(results: DatasetResults, metrics: ReturnMetrics, resamples: int) -> Picture | None:
    """Returns (D4RL scores where they are known) of all agents with intervals, behaviours and bound for comparison."""
    evaluations, data = results.of(Returns).evaluations, results.of(Data)
    if not evaluations:
        return None
    scored = normalised_score(np.zeros(1), data.environment) is not None

    def scale(returns: np.ndarray) -> np.ndarray:
        scores = normalised_score(returns, data.environment)
        return returns if scores is None else scores

    scores = [
        Score(caption("agents", agent), per_seed, seeds_interval(per_seed, resamples))
        for agent, evaluation in evaluations.items()
        for per_seed in [scale(evaluation.mean_returns)]
    ]
    references = {name: behaviour.return_mean for name, behaviour in data_metrics(data).named.items()}
    if metrics.bound is not None and metrics.bound.applies:
        references["best stitching"] = metrics.bound.value
    references = {name: float(scale(np.array(value))) for name, value in references.items()}
    figure = score_intervals(scores, references, "D4RL score (%)" if scored else "return")
    alt = "; ".join(f"{score.title}: {text_of(score.interval)}" for score in scores)
    return picture(figure, f"{results.name}-returns", alt)

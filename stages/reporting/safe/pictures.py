"""Pictures of the safe agents of one dataset: among the data, against the limit, over the map."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from stages.plotting import cost_reward as plane
from stages.plotting import style
from stages.plotting.cost_reward import Achieved, cost_reward, is_logarithmic
from stages.plotting.limit_curves import Curve, limit_curves
from stages.plotting.navigation_map import NavigationMap
from stages.plotting.safe_paths import Walked, safe_paths
from stages.reporting.data.place import map_of
from stages.reporting.data.results import Data
from stages.reporting.gathering import DatasetResults
from stages.reporting.kit.blocks import evenly
from stages.reporting.kit.captions import caption
from stages.reporting.kit.pictures import Picture, picture
from stages.reporting.safe.metrics import SafeMetrics
from stages.reporting.safe.results import Safe, SafeEvaluation
from stages.reporting.safe.scores import safe_scores
from stages.safety.outcomes.frontier import Frontier

MOST_ROLLOUTS = 24  # per map
MOST_WALKERS = 6


@dataclass(frozen=True)
class SafePictures:
    """What is drawn of safe agents; None where there is nothing to draw.

    Attributes:
        plane: Agents among the data, in the plane of cost and return.
        logarithmic: Whether costs beyond the limit are on a logarithmic scale there.
        curves: Reward and cost against the limit.
        paths: Rollouts over the map.
    """

    plane: Picture
    logarithmic: bool
    curves: Picture | None
    paths: Picture | None


def safe_pictures(results: DatasetResults, metrics: SafeMetrics) -> SafePictures | None:
    """The pictures of a dataset; None without safe agents."""
    if not metrics.agents:
        return None
    limits, place = metrics.limits, map_of(results.of(Data))
    achieved = [_achieved(agent, evaluation, limits) for agent, evaluation in results.of(Safe).evaluations.items()]
    return SafePictures(
        plane=_plane(results, achieved, limits),
        logarithmic=is_logarithmic(achieved, limits),
        curves=_curves(results),
        paths=_paths(results, limits, place),
    )


def _achieved(agent: str, evaluation: SafeEvaluation, limits: list[float]) -> Achieved:
    means = (_at(limits, evaluation, values.mean(axis=2)) for values in (evaluation.costs, evaluation.returns))
    return Achieved(caption("agents", agent), *means)


def _plane(results: DatasetResults, agents: list[Achieved], limits: list[float]) -> Picture:
    alt = "; ".join(
        f"{agent.title}: " + ", ".join(
            f"limit {limit:g}: cost {cost:.1f}, return {value:.1f}"
            for limit, cost, value in zip(limits, agent.costs.mean(axis=0), agent.returns.mean(axis=0), strict=True)
            if not np.isnan(cost)
        )
        for agent in agents
    )  # fmt: skip
    return picture(cost_reward(agents, limits, _recorded(results)), f"{results.name}-safe-plane", alt)


def _at(
    limits: list[float], evaluation: SafeEvaluation, values: Float[np.ndarray, "seeds some"]
) -> Float[np.ndarray, "seeds limits"]:
    """Values in the order of all limits, NaN under those the agent was not run under."""
    placed = np.full((len(values), len(limits)), np.nan)
    placed[:, [limits.index(float(limit)) for limit in evaluation.limits]] = values
    return placed


def _recorded(results: DatasetResults) -> plane.Data | None:
    dataset = results.of(Data).dataset
    if dataset is None or dataset.episode_costs is None:
        return None
    costs, returns = (values.astype(np.float64) for values in (dataset.episode_costs, dataset.episode_returns))
    front = Frontier.of(costs, returns)
    return plane.Data(costs, returns, front.costs, front.returns)


def _curves(results: DatasetResults) -> Picture | None:
    curves = []
    for agent, evaluation in results.of(Safe).evaluations.items():
        scores = safe_scores(results.of(Data), evaluation)
        if not np.isnan(scores.rewards).any():
            order = np.argsort(scores.limits)
            shown = (scores.limits[order], scores.rewards[:, order], scores.costs[:, order])
            curves.append(Curve(caption("agents", agent), *shown))
    if not curves or len(np.unique(np.concatenate([curve.limits for curve in curves]))) < 2:
        return None
    alt = "Normalised reward and cost against the cost limit of " + ", ".join(curve.title for curve in curves)
    return picture(limit_curves(curves), f"{results.name}-safe-limits", alt)


def _paths(results: DatasetResults, limits: list[float], place: NavigationMap | None) -> Picture | None:
    walkers = [
        (caption("agents", agent), [_walked(evaluation, limit) for limit in limits])
        for agent, evaluation in results.of(Safe).evaluations.items()
        if evaluation.paths.size
    ][:MOST_WALKERS]
    if place is None or not walkers:
        return None
    walks = "; ".join(
        f"{title}, limit {limit:g}: {walked.note}"
        for title, shown in walkers
        for limit, walked in zip(limits, shown, strict=True)
        if walked is not None
    )
    figure = safe_paths(walkers, limits, place)
    return picture(figure, f"{results.name}-safe-paths", f"Maps with rollouts of {walks}")


def _walked(evaluation: SafeEvaluation, limit: float) -> Walked | None:
    places = np.flatnonzero(evaluation.limits == limit)
    if not len(places):
        return None
    index = int(places[0])
    steps = evaluation.paths.shape[3]
    paths = evaluation.paths[:, index].reshape(-1, steps, 2)
    cost = float(evaluation.costs[:, index].mean())
    note = f"cost {style.number(cost, 1)}, return {style.number(evaluation.returns[:, index].mean())}"
    safe = cost <= limit
    return Walked(paths[evenly(len(paths), MOST_ROLLOUTS)], note + ("" if safe else " ✗"), safe)

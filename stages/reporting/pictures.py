"""The pictures of one dataset, each as SVG text with a description for readers who cannot see it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure

from stages.datasets.episodes import EpisodeDataset
from stages.environments.normalised_score import normalised_score
from stages.plotting import style
from stages.plotting.behaviours import Behaviour, behaviours
from stages.plotting.em_progress import em_progress
from stages.plotting.learning_curves import learning_curves
from stages.plotting.navigation_map import NavigationMap
from stages.plotting.score_intervals import Score, score_intervals
from stages.plotting.trajectories import Rollouts, trajectories
from stages.reporting.contingency import counted, scores_of
from stages.reporting.inputs import Clusters, DatasetResults, evenly
from stages.reporting.matching import clustering_of, matched_choices
from stages.reporting.names import caption
from stages.reporting.summary import return_interval, worse_routes

MOST_BEHAVIOURS = 12
MOST_ROLLOUTS = 100
MOST_EPISODES = 25
MOST_LOSSES = 16
MOST_PROGRESS = 3  # clusterings


@dataclass(frozen=True)
class Picture:
    """SVG text, what it shows in words, and the width it needs in pixels."""

    svg: str
    alt: str
    width: int


def picture(figure: Figure, name: str, alt: str) -> Picture:
    """A figure ready for the page; `name` is unique there."""
    return Picture(style.to_svg(figure, name), alt, round(figure.get_figwidth() * 100))


def behaviours_picture(results: DatasetResults, place: NavigationMap) -> Picture | None:
    """Episodes of each true behaviour over the map; None where there are too many to be told apart."""
    dataset = results.dataset
    if dataset is None or dataset.behaviour_policy is None or len(dataset.behaviour_policy_names) > MOST_BEHAVIOURS:
        return None
    shown = []
    for index, name in enumerate(dataset.behaviour_policy_names):
        episodes = np.flatnonzero(dataset.behaviour_policy == index)
        if not len(episodes):
            continue
        mean_return, mean_length = dataset.episode_returns[episodes].mean(), dataset.episode_lengths[episodes].mean()
        note = f"return {style.number(mean_return)}, {style.number(mean_length)} steps"
        shown.append(Behaviour(name, note, padded_paths(dataset, episodes[:MOST_EPISODES])))
    alt = "Maps with episodes of " + "; ".join(f"{one.title} ({one.note})" for one in shown)
    return picture(behaviours(shown, place), f"{results.name}-behaviours", alt)


def trajectories_picture(results: DatasetResults, place: NavigationMap, agents: dict[str, Any]) -> Picture | None:
    """Rollouts of each agent over the map."""
    shown = []
    for agent, evaluation in results.evaluations.items():
        if not evaluation.paths.size:
            continue
        choices = matched_choices(results, evaluation, clustering_of(results, agent, agents))
        worse = worse_routes(results, evaluation)
        note = f"return {style.number(evaluation.returns.mean())}"
        note += "" if worse is None else f", worse route {worse.sum()} of {worse.size}"
        steps = evaluation.paths.shape[2]
        thin = evenly(evaluation.paths.shape[0] * evaluation.paths.shape[1], MOST_ROLLOUTS)
        paths, chosen = evaluation.paths.reshape(-1, steps, 2)[thin], choices.reshape(-1, steps)[thin]
        shown.append(Rollouts(caption("agents", agent), note, paths, chosen))
    if not shown:
        return None
    alt = "Maps with rollouts of " + "; ".join(f"{one.title}: {one.note}" for one in shown)
    return picture(trajectories(shown, place), f"{results.name}-trajectories", alt)


def returns_picture(results: DatasetResults, metrics: dict[str, Any], resamples: int) -> Picture | None:
    """Returns (D4RL scores where they are known) of all agents with intervals, behaviours and bound for comparison."""
    if not results.evaluations:
        return None
    scored = normalised_score(np.zeros(1), results.environment) is not None

    def scale(returns: np.ndarray) -> np.ndarray:
        scores = normalised_score(returns, results.environment)
        return returns if scores is None else scores

    scores = [
        Score(caption("agents", agent), per_seed, return_interval(per_seed, resamples))
        for agent, one in results.evaluations.items()
        for per_seed in [scale(one.returns.mean(axis=1))]
    ]
    references = {name: one["return_mean"] for name, one in metrics["behaviours"].items() if name != "all"}
    if metrics["bound"].get("value") is not None:
        references["best stitching"] = metrics["bound"]["value"]
    references = {name: float(scale(np.array(value))) for name, value in references.items()}
    figure = score_intervals(scores, references, "D4RL score (%)" if scored else "return")
    alt = "; ".join(
        f"{one.title}: {one.interval.value:.1f} [{one.interval.low:.1f}, {one.interval.high:.1f}]" for one in scores
    )
    return picture(figure, f"{results.name}-returns", alt)


def progress_pictures(results: DatasetResults) -> Iterator[tuple[str, Picture]]:
    """(clustering, picture) of how each of the first clusterings went, without those of hardly any steps."""
    told = [
        (name, clusters, curves)
        for name, clusters in results.clusterings.items()
        for curves in [agreement(results, clusters)]
        if not clusters.trivial and max(_length(curves), _length(clusters.score)) > 2
    ]
    for name, clusters, curves in told[:MOST_PROGRESS]:
        figure = em_progress(clusters.score, curves, clusters.seeds.tolist(), "Rand index", clusters.score_name)
        alt = f"Curves of {len(clusters.seeds)} seeds over {len(clusters.score)} iterations of {name}"
        yield name, picture(figure, f"{results.name}-{name}-progress", alt)


def _length(curves: Float[np.ndarray, "iterations seeds"]) -> int:
    """Iterations that any seed has a number for."""
    return int((~np.isnan(curves)).any(axis=1).sum())


def agreement(results: DatasetResults, clusters: Clusters) -> Float[np.ndarray, "labelled seeds"]:
    """Rand index of the assignments after each iteration, on the episodes whose history is kept, then of the clusters.

    NaN where there were no assignments or the truth is not known.
    """
    iterations, seeds, _ = clusters.history_labels.shape
    curves = np.full((iterations + 1, seeds), np.nan)
    if results.true_labels is not None:
        shown = clusters.shown_episodes
        truth = results.true_labels[shown]
        for seed in range(seeds):
            history = [labels for labels in clusters.history_labels[:, seed] if (labels >= 0).all()]
            for iteration, labels in enumerate([*history, clusters.labels[seed, shown]]):
                curves[iteration, seed] = scores_of(counted(truth, labels))["rand"]
    return curves


def losses_picture(results: DatasetResults) -> Picture | None:
    """Losses of everything that was trained; blocks of seeds are joined where they were recorded at the same steps."""
    curves: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    for trained in results.trained:
        for loss, (steps, values) in trained.losses.items():
            title = " ".join([*trained.names[-1:], loss]).replace("_", " ")
            values = values.reshape(len(steps), -1)
            if title in curves and np.array_equal(curves[title][0], steps):
                curves[title] = (steps, np.hstack([curves[title][1], values]))
            elif len(steps) > 1 and len(curves) < MOST_LOSSES:
                curves.setdefault(title, (steps, values))
    if not curves:
        return None
    return picture(
        learning_curves(curves), f"{results.name}-losses", "Losses over training steps: " + ", ".join(curves)
    )


def padded_paths(dataset: EpisodeDataset, episodes: np.ndarray) -> Float[np.ndarray, "episodes steps 2"]:
    """First two observation coordinates of the chosen episodes, padded with NaN."""
    length = int(dataset.episode_lengths[episodes].max(initial=1))
    paths = np.full((len(episodes), length, 2), np.nan)
    for row, episode in enumerate(episodes):
        steps = dataset.observations[dataset.episode_starts[episode] : dataset.episode_ends[episode], :2]
        paths[row, : len(steps)] = steps
    return paths

"""What a cluster does and where it is, in numbers that a card can show."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from stages.datasets.episodes import EpisodeDataset
from stages.plotting.cluster_card import Frequencies, Profile
from stages.plotting.gridworld_map import Visits
from stages.reporting.kit.blocks import evenly

MOST_STEPS = 50_000  # that quantiles are taken of
MOST_COORDINATES = 16
MOVES = ["up", "down", "left", "right", "stay"]

Chosen = Bool[np.ndarray, "steps"]


def actions_of(dataset: EpisodeDataset, steps: Chosen, on_grid: bool = False) -> Profile | Frequencies:
    """Frequencies of actions to choose from, typical values of vectors."""
    if dataset.num_actions is None:
        return _profile(dataset.actions, steps, "a")
    number = dataset.num_actions
    inside, every = (
        np.bincount(actions, minlength=number) / len(actions) for actions in (dataset.actions[steps], dataset.actions)
    )
    names = MOVES if on_grid and number == len(MOVES) else [f"action {index}" for index in range(number)]
    return Frequencies(names, inside, every)


def states_of(dataset: EpisodeDataset, steps: Chosen, size: int | None) -> Profile | Visits:
    """Visits to the cells of a grid, typical values of coordinates elsewhere."""
    if size is None or dataset.num_actions is None:
        return _profile(dataset.observations, steps, "s")
    rows, columns = dataset.observations[steps, :2].astype(np.int64).T
    counts = np.zeros((size, size, dataset.num_actions), dtype=np.int64)
    np.add.at(counts, (rows, columns, dataset.actions[steps]), 1)
    return Visits(counts)


def _profile(values: Float[np.ndarray, "steps coordinates"], steps: Chosen, letter: str) -> Profile:
    """Of many coordinates, those in which the cluster differs most from the dataset."""
    mean, spread = values.mean(axis=0, dtype=np.float64), values.std(axis=0, dtype=np.float64)
    rows = np.flatnonzero(steps)
    inside = (values[rows[evenly(len(rows), MOST_STEPS)]] - mean) / np.where(spread > 0, spread, 1)
    low, median, high = np.quantile(inside, [0.1, 0.5, 0.9], axis=0)
    kept = np.sort(np.argsort(-np.abs(median), kind="stable")[:MOST_COORDINATES])
    return Profile([f"{letter}{index}" for index in kept], median[kept], low[kept], high[kept])

"""Episodes as probes show them to an embedding: their beginnings alone, or with their steps in another order."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from stages.datasets.episodes import PER_STEP, EpisodeDataset
from stages.seeding import generator


def beginnings(dataset: EpisodeDataset, steps: int) -> EpisodeDataset:
    """The first `steps` steps of each episode; shorter ones are whole."""
    lengths = np.minimum(dataset.episode_lengths, steps)
    inside = np.arange(dataset.num_steps) - dataset.episode_starts[dataset.episode_of_step] < steps
    return _with_rows(dataset, np.flatnonzero(inside), np.cumsum(lengths))


def shuffled(dataset: EpisodeDataset, seed: int = 0) -> EpisodeDataset:
    """The steps of each episode in random order."""
    place = generator(seed, "shuffled steps").random(dataset.num_steps)
    return _with_rows(dataset, np.lexsort((place, dataset.episode_of_step)), dataset.episode_ends)


def _with_rows(dataset: EpisodeDataset, rows: np.ndarray, ends: np.ndarray) -> EpisodeDataset:
    """The dataset made of the given rows, with episodes that are cut off at `ends`."""
    arrays = {name: getattr(dataset, name)[rows] for name in PER_STEP if getattr(dataset, name) is not None}
    arrays["terminations"] = np.zeros(len(rows), dtype=bool)
    arrays["truncations"] = np.isin(np.arange(len(rows)) + 1, ends)
    return replace(dataset, **arrays)

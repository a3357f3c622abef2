"""Joining large datasets without holding them twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from stages.datasets.episodes import EpisodeDataset, concatenate

WIDE = ("observations", "actions", "next_observations")


def join(datasets: list[EpisodeDataset], names: Sequence[str] | None = None) -> EpisodeDataset:
    """What `concatenate` gives, in the memory of the result and of its largest array in the largest part.

    The list is emptied, and each array is freed once it is copied, unless the caller holds the datasets elsewhere.
    A single dataset's large arrays are not copied at all.

    Args:
        datasets: As for `concatenate`.
        names: As for `concatenate`.
    """
    wide = [{name: getattr(dataset, name) for name in WIDE} for dataset in datasets]
    slim = [_without_wide(dataset) for dataset in datasets]
    datasets.clear()
    joined = concatenate(slim, names)
    arrays: dict[str, Any] = {name: _stacked([part.pop(name) for part in wide]) for name in WIDE}
    return replace(joined, **arrays)


def _without_wide(dataset: EpisodeDataset) -> EpisodeDataset:
    nothing: Any = np.zeros((dataset.num_steps, 0), dtype=np.float32)
    return replace(dataset, **dict.fromkeys(WIDE, nothing))


def _stacked(parts: list[np.ndarray]) -> np.ndarray:
    """The parts below each other. Memory of the whole is taken as it is filled, that of each part freed after it."""
    if len(parts) == 1:
        return parts[0]
    whole = np.empty((sum(map(len, parts)), *parts[0].shape[1:]), parts[0].dtype)
    row = 0
    while parts:
        part = parts.pop(0)
        whole[row : row + len(part)] = part
        row += len(part)
    return whole

"""Fewer steps of long episodes: far fewer tell policies apart than a robot's episode has."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from stages.datasets.episodes import PER_STEP, EpisodeDataset


def every_nth_step(dataset: EpisodeDataset, stride: int) -> EpisodeDataset:
    """The first step of every episode and every `stride`-th after it, cut off where an end was left out."""
    if stride == 1:
        return dataset
    place = np.arange(dataset.num_steps) - dataset.episode_starts[dataset.episode_of_step]
    kept = np.flatnonzero(place % stride == 0)
    arrays = {name: getattr(dataset, name)[kept] for name in PER_STEP if getattr(dataset, name) is not None}
    last = np.append(place[kept][1:] == 0, True)
    return replace(dataset, **arrays | {"truncations": last & ~arrays["terminations"]})

"""Which of two partitions foretells more? For families of policies whose evidence cannot be compared.

As in `judgement.py`, every episode is judged by policies fitted to other episodes: one of all clusters together, and
for each cluster what it does otherwise. Half of the episode says how likely it is of which cluster, and

    gain = log sum_z p(z | one half) p(other half | z) - log p(other half | the policy of all)

which clusters that are no policies, or too many of them, do not raise. Errors are in units of those of the policy of
all: where noise lasts, what is new is a fraction of it.
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Int

from stages.clustering.conjugate.judgement import (
    foretold_errors,
    gain_of_halves,
    halves_of,
    standard_score,
    whitened,
)
from stages.clustering.conjugate.scaled_steps import ScaledSteps
from stages.datasets.episodes import EpisodeDataset

MOST_STEPS = 20_000  # looked at; of more every so-manieth


def foretold_more(
    dataset: EpisodeDataset,
    labels: Int[np.ndarray, "episodes"],
    others: Int[np.ndarray, "episodes"],
    generator: np.random.Generator,
) -> float:
    """Standard errors by which `labels` foretell what episodes do better than `others` (signed ranks of episodes).

    Args:
        dataset: Episodes with continuous actions.
        labels: Their clusters.
        others: Their clusters by another partition.
        generator: Draws the nonlinear features.
    """
    if alike(labels, others):
        return 0.0
    partitions = [np.unique(each, return_inverse=True)[1].ravel() for each in (labels, others)]
    steps = ScaledSteps(dataset, generator)
    rows, lengths, half = halves_of(dataset, np.arange(dataset.num_episodes), MOST_STEPS)
    episode = (half // 2).numpy()
    halves = [torch.zeros(2 + each.max(), 2 * len(lengths), dtype=torch.float64) for each in partitions]
    for inputs, targets in whitened(steps, rows, lengths):
        for of_halves, partition in zip(halves, partitions, strict=True):
            errors = foretold_errors(torch.cat([inputs, targets[:, None]], 1), episode, partition)
            of_halves.index_add_(1, half, errors / errors[0].mean())
    first, second = (gain_of_halves(of_halves.unflatten(1, (-1, 2))).numpy() for of_halves in halves)
    return standard_score(first - second)


def alike(labels: Int[np.ndarray, "episodes"], others: Int[np.ndarray, "episodes"]) -> bool:
    """Whether two partitions are the same but for their clusters' numbers."""
    return len(set(zip(labels, others, strict=True))) == len(np.unique(labels)) == len(np.unique(others))

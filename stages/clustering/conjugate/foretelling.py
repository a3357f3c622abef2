"""Which of two partitions foretells more? For families of policies whose evidence cannot be compared.

As in `judgement.py`, every episode is judged by policies fitted to other episodes: one of all clusters together, and
for each cluster what it does otherwise. Half of the episode says which cluster it is of, and

    gain = sum over the other half of  log p(a | s, that cluster's policy) - log p(a | s, the policy of all)

which clusters that are no policies, or too many of them, do not raise.
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Int

from stages.clustering.conjugate.judgement import (
    DECISIVE,
    foretold_errors,
    gain_of_halves,
    halves_of,
    standard_score,
    whitened,
)
from stages.clustering.conjugate.scaled_steps import ScaledSteps
from stages.datasets.episodes import EpisodeDataset

MOST_STEPS = 20_000  # looked at; of more every so-manieth


def foretells_more(
    dataset: EpisodeDataset,
    labels: Int[np.ndarray, "episodes"],
    others: Int[np.ndarray, "episodes"],
    generator: np.random.Generator,
) -> bool:
    """Whether `labels` foretell what episodes do decisively better than `others`, as `foretold_more` measures it."""
    return foretold_more(dataset, labels, others, generator) > DECISIVE


def foretells_more_or_is_simpler(
    dataset: EpisodeDataset,
    labels: Int[np.ndarray, "episodes"],
    others: Int[np.ndarray, "episodes"],
    generator: np.random.Generator,
) -> bool:
    """Whether `labels` foretell decisively better than `others`, or are fewer and not decisively worse."""
    score = foretold_more(dataset, labels, others, generator)
    return score > DECISIVE or (len(np.unique(labels)) < len(np.unique(others)) and score >= -DECISIVE)


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
    partitions = [np.unique(each, return_inverse=True)[1].ravel() for each in (labels, others)]
    if len(set(zip(*partitions, strict=True))) == 1 + partitions[0].max() == 1 + partitions[1].max():
        return 0.0  # the same but for their numbers
    steps = ScaledSteps(dataset, generator)
    rows, lengths, half = halves_of(dataset, np.arange(dataset.num_episodes), MOST_STEPS)
    episode = (half // 2).numpy()
    halves = [torch.zeros(2 + each.max(), 2 * len(lengths), dtype=torch.float64) for each in partitions]
    for inputs, targets in whitened(steps, rows, lengths):
        for of_halves, partition in zip(halves, partitions, strict=True):
            of_halves.index_add_(1, half, foretold_errors(torch.cat([inputs, targets[:, None]], 1), episode, partition))
    first, second = (gain_of_halves(of_halves.unflatten(1, (-1, 2))).numpy() for of_halves in halves)
    return standard_score(first - second)

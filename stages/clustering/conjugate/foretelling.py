"""Which of two partitions foretells more? For families of policies whose evidence cannot be compared.

Every episode is judged by policies fitted to other episodes: one of all clusters together, and for each cluster what it
does otherwise, both linear in ``(1, s)`` and random features. Half of the episode says which cluster it is of, and

    gain = sum over the other half of  log p(a | s, that cluster's policy) - log p(a | s, the policy of all)

which clusters that are no policies, or too many of them, do not raise.
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from stages.clustering.conjugate.judgement import (
    DECISIVE,
    FOLDS,
    chosen_ridge,
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
    """Whether `labels` foretell what episodes do decisively better than `others` (signed ranks, as in `judgement.py`).

    Args:
        dataset: Episodes with continuous actions.
        labels: Their clusters.
        others: Their clusters by another partition.
        generator: Draws the nonlinear features.
    """
    steps = ScaledSteps(dataset, generator)
    rows, lengths, half = halves_of(dataset, np.arange(dataset.num_episodes), MOST_STEPS)
    episode = (half // 2).numpy()
    partitions = [np.unique(each, return_inverse=True)[1].ravel() for each in (labels, others)]
    halves = [torch.zeros(2 + each.max(), 2 * len(lengths), dtype=torch.float64) for each in partitions]
    for inputs, targets in whitened(steps, rows, lengths):
        for of_halves, partition in zip(halves, partitions, strict=True):
            of_halves.index_add_(1, half, foretold_errors(torch.cat([inputs, targets[:, None]], 1), episode, partition))
    first, second = (gain_of_halves(of_halves.unflatten(1, (-1, 2))).numpy() for of_halves in halves)
    return standard_score(first - second) > DECISIVE


def foretold_errors(
    both: Float[Tensor, "rows width"], episode: Int[np.ndarray, "rows"], labels: Int[np.ndarray, "episodes"]
) -> Float[Tensor, "models rows"]:
    """Squared errors under the policy of all clusters and that of each, fitted to the other folds.

    Args:
        both: Inputs, and the target in the last column.
        episode: The episode of every row.
        labels: The cluster of every episode.
    """
    fold, num_clusters = np.zeros(len(labels), dtype=np.int64), int(labels.max()) + 1
    for cluster in range(num_clusters):
        members = np.flatnonzero(labels == cluster)
        fold[members] = np.arange(len(members)) % FOLDS
    width = both.shape[1]
    second = torch.zeros(FOLDS, num_clusters, 2, width, width, dtype=torch.float64)
    for number, of_episode in enumerate(both.split(np.bincount(episode).tolist())):
        turn = number % 2  # the ridge's strength is what does best between episodes of odd and of even number
        second[fold[number], labels[number], turn] += of_episode.T @ of_episode
    errors = torch.zeros(1 + num_clusters, len(both), dtype=torch.float64)
    for f in range(FOLDS):
        judged = torch.from_numpy((fold == f)[episode])
        seen = second.sum(0) - second[f]
        left = torch.eye(width, dtype=torch.float64)
        left[:-1, -1] = -chosen_ridge(seen.sum(0, keepdim=True))[0]  # makes what the policy of all leaves of the target
        residual = both[judged] @ left
        peculiar = chosen_ridge(left.T @ seen @ left)
        errors[0, judged] = residual[:, -1].square()
        errors[1:, judged] = (residual[:, -1] - peculiar @ residual[:, :-1].T).square()
    return errors

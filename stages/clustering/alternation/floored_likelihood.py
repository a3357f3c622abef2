"""Log-likelihood of episodes in which no single step counts for more than so much."""

from __future__ import annotations

from dataclasses import replace

from stages.clustering.alternation.trajectory_likelihood import TrajectoryLikelihood
from stages.datasets.episodes import EpisodeDataset
from stages.training.rows import Rows


def floored_likelihood(rows: Rows, dataset: EpisodeDataset, floor: float | None) -> TrajectoryLikelihood:
    """Log-likelihood of episodes, each step's at least `floor` (None: as it is)."""
    likelihood = TrajectoryLikelihood(rows, dataset)
    head = likelihood.head
    if floor is not None:
        likelihood.head = replace(head, log_prob=lambda outputs, actions: head.log_prob(outputs, actions).clamp(floor))
    return likelihood

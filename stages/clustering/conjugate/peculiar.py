"""Linear-Gaussian policies on random features of what a common policy leaves of the actions.

    a - m(s) = W^T phi(s) + noise,   m a ridge regression of all actions on many random features of the state

Where policies are mostly the same, and that is not linear, policies that share nothing (`linear.py`) spend what
evidence there is on what all of them do. Here each says only what is peculiar to it.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from stages.clustering.conjugate.linear import BayesianLinearPolicies
from stages.datasets.episodes import EpisodeDataset
from stages.training.job import Job

NUM_FEATURES, SCALES, STRENGTH = 600, (0.5, 1.5, 3.0), 3.0  # of the common policy; the ridge's, in steps
MOST_STEPS = 60_000  # that it is fitted to; of more every so-manieth


class PeculiarLinearPolicies(BayesianLinearPolicies):
    """Linear-Gaussian policies about a common one; `statistics` are of what that leaves."""

    def __init__(self, job: Job, num_features: int, generator: np.random.Generator) -> None:
        super().__init__(job, num_features, generator)
        width, scales = job.encoding.width, np.repeat(SCALES, NUM_FEATURES // len(SCALES))
        self.ways = torch.from_numpy(generator.standard_normal((width, NUM_FEATURES)) * scales / math.sqrt(width))
        self.shifts = torch.from_numpy(generator.uniform(-1.5, 1.5, NUM_FEATURES))
        rows = np.arange(0, job.dataset.num_steps, -(-job.dataset.num_steps // MOST_STEPS))
        features, targets = super()._rows(job.dataset, rows)
        seen = self._seen(features)
        second = seen.T @ seen + STRENGTH * torch.eye(seen.shape[1], dtype=torch.float64)
        self.common = torch.linalg.solve(second, seen.T @ targets)
        self.left = (targets - seen @ self.common).std(0, correction=0).clamp(min=1e-6)

    def _rows(self, dataset: EpisodeDataset, rows: Int[np.ndarray, "rows"]) -> tuple[Tensor, Tensor]:
        """Features and what the common policy leaves of the actions, scaled to variance 1."""
        features, targets = super()._rows(dataset, rows)
        return features, (targets - self._seen(features) @ self.common) / self.left

    def _seen(self, features: Float[Tensor, "rows features"]) -> Float[Tensor, "rows seen"]:
        """What the common policy sees: the constant, the observation and random features of its own."""
        linear = features[:, : 1 + self.ways.shape[0]]
        return torch.cat([linear, torch.tanh(linear[:, 1:] @ self.ways + self.shifts)], dim=1)

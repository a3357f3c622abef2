"""Linear-Gaussian policies on random features, with a normal-inverse-gamma prior: for continuous states.

    a = W^T phi(s) + noise,   W ~ N(0, sigma^2 / lambda),   1 / sigma^2 ~ Gamma(a_0, b_0),   each action coordinate
    phi(s) = (1, s, relu(s R + r))   with fixed random R, r

The features are those of a wide network whose first layer stays as it was drawn, and all that is learnt, the last
layer, is integrated out. The statistics are ``X = sum phi phi^T``, ``Y = sum phi a^T``, ``sum a^2`` and the number of
steps n, all times `temper`:

    evidence = -n/2 log 2 pi - 1/2 log |I + X / lambda| + a_0 log b_0 - a_n log b_n + log Gamma(a_n) - log Gamma(a_0)
    a_n = a_0 + n / 2,    b_n = b_0 + 1/2 ( sum a^2 - Y^T (X + lambda)^-1 Y )

Source: Bayesian linear regression (Bishop, Pattern Recognition and Machine Learning, Sections 3.3 and 3.5).
Discrete actions enter as unit vectors where states do not come back often enough for a table.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from stages.clustering.conjugate.policies import ConjugatePolicies, Statistics
from stages.datasets.episodes import EpisodeDataset
from stages.training.job import Job

PRIOR_PRECISION, PRIOR_SHAPE, PRIOR_RATE = 1.0, 1.0, 0.1  # lambda, a_0, b_0 for actions of variance 1
MAX_STEPS = 60_000  # looked at in whole clusters; of more steps every so-manieth, which its neighbours resemble,
MIN_LENGTH = 50  # and in single episodes likewise, as long as so many steps remain on average
ENOUGH_STEPS, FEWEST, MOST = 8_000, 64, 200  # steps that the compared episodes should have, and how many there may be
CHUNK = 32_768


class BayesianLinearPolicies(ConjugatePolicies):
    """Linear-Gaussian policies on random features.

    Args:
        job: The dataset and the scaling of its observations.
        num_features: Random features besides the observation itself.
        generator: Draws the features.
    """

    def __init__(self, job: Job, num_features: int, generator: np.random.Generator) -> None:
        self.job, self.judge = job, generator
        width = job.encoding.width
        self.directions = torch.from_numpy(generator.standard_normal((width, num_features)) / math.sqrt(width))
        self.offsets = torch.from_numpy(generator.uniform(-1, 1, num_features))
        targets = self._targets(job.dataset)
        self.target_mean, self.target_std = targets.mean(0), targets.std(0, correction=0).clamp(min=1e-6)
        self.num_features, self.num_targets = 1 + width + num_features, targets.shape[1]
        self.stride = -(-job.dataset.num_steps // MAX_STEPS)
        mean_length = job.dataset.num_steps / job.dataset.num_episodes
        self.episode_stride = max(1, min(self.stride, int(mean_length / MIN_LENGTH)))
        self.affordable_episodes = int(np.clip(ENOUGH_STEPS / mean_length, FEWEST, MOST))

    def statistics(self, episodes: Int[np.ndarray, "chosen"]) -> Statistics:
        starts, ends = self.job.dataset.episode_starts[episodes], self.job.dataset.episode_ends[episodes]
        return torch.stack([self._sums(np.arange(*steps)) for steps in zip(starts, ends, strict=True)])

    def halves(self, episodes: Int[np.ndarray, "chosen"]) -> tuple[Statistics, Statistics]:
        """Statistics of the first and of the second half of each chosen episode."""
        starts, ends = self.job.dataset.episode_starts[episodes], self.job.dataset.episode_ends[episodes]
        middles = (starts + ends) // 2
        first, second = (
            torch.stack([self._sums(np.arange(*steps)) for steps in zip(*both, strict=True)])
            for both in ((starts, middles), (middles, ends))
        )
        return first, second

    def evidence(self, statistics: Statistics) -> Float[Tensor, "groups"]:
        second, cross, squares, steps = self._parts(self.temper * statistics)
        lower = self._cholesky(second)
        log_det = 2 * lower.diagonal(dim1=1, dim2=2).log().sum(1) - self.num_features * math.log(PRIOR_PRECISION)
        explained = torch.linalg.solve_triangular(lower, cross, upper=False).square().sum(1)
        shape = PRIOR_SHAPE + steps / 2
        rate = PRIOR_RATE + (squares - explained).clamp(min=0) / 2
        prior = PRIOR_SHAPE * math.log(PRIOR_RATE) - math.lgamma(PRIOR_SHAPE)
        same = prior - steps / 2 * math.log(2 * math.pi) - log_det / 2 + torch.lgamma(shape)
        return self.num_targets * same - shape * rate.log().sum(1)

    def total(self, labels: Int[np.ndarray, "episodes"], num_clusters: int) -> Float[Tensor, "clusters width"]:
        of_step = np.repeat(labels, self.job.dataset.episode_lengths)
        return torch.stack([self._sums(np.flatnonzero(of_step == z), self.stride) for z in range(num_clusters)])

    def log_likelihood(
        self, dataset: EpisodeDataset, clusters: Float[Tensor, "clusters width"]
    ) -> Float[Tensor, "episodes clusters"]:
        second, cross, squares, steps = self._parts(clusters)
        weights = torch.cholesky_solve(cross, self._cholesky(second))
        rate = PRIOR_RATE + (squares - (cross * weights).sum(1)).clamp(min=0) / 2
        variance = rate / (PRIOR_SHAPE + steps[:, None] / 2)
        scores = torch.zeros(dataset.num_episodes, len(clusters), dtype=torch.float64)
        used = np.arange(0, dataset.num_steps, self.episode_stride)
        for rows in np.array_split(used, -(-len(used) // CHUNK)):
            features, targets = self._rows(dataset, rows)
            errors = (targets - features @ weights).square()  # [clusters, rows, targets]
            log_prob = -0.5 * (errors / variance[:, None] + torch.log(2 * math.pi * variance)[:, None]).sum(2)
            scores.index_add_(0, torch.from_numpy(dataset.episode_of_step[rows]), log_prob.mT)
        return scores * self.episode_stride

    def _sums(self, rows: Int[np.ndarray, "rows"], stride: int = 1) -> Float[Tensor, "width"]:
        """Statistics of the given steps, of which every `stride`-th is looked at and stands for the others."""
        second = torch.zeros(self.num_features, self.num_features, dtype=torch.float64)
        cross = torch.zeros(self.num_features, self.num_targets, dtype=torch.float64)
        squares, used = torch.zeros(self.num_targets, dtype=torch.float64), rows[::stride]
        for chunk in np.array_split(used, max(1, -(-len(used) // CHUNK))):
            features, targets = self._rows(self.job.dataset, chunk)
            second += features.T @ features
            cross += features.T @ targets
            squares += targets.square().sum(0)
        weight = len(rows) / max(1, len(used))
        steps = torch.tensor([len(used)], dtype=torch.float64)
        return weight * torch.cat([second.view(-1), cross.view(-1), squares, steps])

    def _parts(self, statistics: Statistics) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Second moments, cross moments, squared targets and numbers of steps of each group."""
        widths = [self.num_features**2, self.num_features * self.num_targets, self.num_targets, 1]
        second, cross, squares, steps = statistics.split(widths, dim=1)
        groups = len(statistics)
        return (
            second.view(groups, self.num_features, -1),
            cross.view(groups, self.num_features, -1),
            squares,
            steps.squeeze(1),
        )

    def _cholesky(self, second: Float[Tensor, "groups features features"]) -> Float[Tensor, "groups features features"]:
        return torch.linalg.cholesky(second + PRIOR_PRECISION * torch.eye(self.num_features, dtype=torch.float64))

    def _rows(self, dataset: EpisodeDataset, rows: Int[np.ndarray, "rows"]) -> tuple[Tensor, Tensor]:
        """Features and targets (actions, scaled to mean 0 and variance 1) of the given steps, in float64."""
        inputs = self.job.encoding(torch.from_numpy(dataset.observations[rows])).double()
        hidden = torch.relu(inputs @ self.directions + self.offsets)
        features = torch.cat([torch.ones(len(rows), 1, dtype=torch.float64), inputs, hidden], dim=1)
        return features, (self._targets(dataset, rows) - self.target_mean) / self.target_std

    @staticmethod
    def _targets(dataset: EpisodeDataset, rows: Int[np.ndarray, "rows"] | slice = slice(None)) -> Tensor:
        actions = torch.from_numpy(dataset.actions[rows])
        if dataset.num_actions is not None:
            actions = torch.nn.functional.one_hot(actions, dataset.num_actions)
        return actions.double()

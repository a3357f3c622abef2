"""Gaussian mixtures of all seeds at once, with full covariances, in so few dimensions that a fit is quick.

Expectation maximisation that starts from labels: those of the last fit when data have moved a little (a warm start), or
those of seeds spread by k-means++.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from stages.seeding import Seeds, generator

RIDGE = 1e-3  # added to variances of standardised values, so that a cluster of one point has a density
LEAST_SHARE = 1e-12  # added to shares, so that an empty cluster has a logarithm


@dataclass(frozen=True)
class Projection:
    """Standardised values, turned into at most as many dimensions as wanted.

    Attributes:
        mean: Mean of each seed's values.
        deviation: Their standard deviations; what never varies counts as 1.
        directions: Directions, the same for all seeds; None: values are kept as they are.
    """

    mean: Float[Tensor, "seeds 1 width"]
    deviation: Float[Tensor, "seeds 1 width"]
    directions: Float[Tensor, "width dimensions"] | None

    @classmethod
    def of(cls, values: Float[Tensor, "seeds rows width"], dimensions: int) -> Projection:
        """Scaled by these values; directions are random where there are more than `dimensions`."""
        mean, deviation = values.mean(1, keepdim=True), values.std(1, keepdim=True, correction=0)
        width, directions = values.shape[-1], None
        if width > dimensions:
            drawn = generator(0, "mixture projection").standard_normal((width, dimensions), np.float32)
            directions = torch.from_numpy(drawn).to(values.device) / math.sqrt(width)
        return cls(mean, torch.where(deviation > 1e-6, deviation, torch.ones_like(deviation)), directions)

    def __call__(self, values: Float[Tensor, "seeds rows width"]) -> Float[Tensor, "seeds rows dimensions"]:
        """The values in fewer dimensions."""
        scaled = (values - self.mean) / self.deviation
        return scaled if self.directions is None else scaled @ self.directions


@dataclass(frozen=True)
class Mixture:
    """A mixture per seed.

    Attributes:
        log_shares: Logarithm of each cluster's share.
        means: Means.
        factors: Cholesky factors of the covariances.
    """

    log_shares: Float[Tensor, "seeds clusters"]
    means: Float[Tensor, "seeds clusters dimensions"]
    factors: Float[Tensor, "seeds clusters dimensions dimensions"]

    @classmethod
    def fit(
        cls,
        values: Float[Tensor, "seeds rows dimensions"],
        labels: Int[Tensor, "seeds rows"],
        num_clusters: int,
        iterations: int,
    ) -> Mixture:
        """By expectation maximisation from `labels`.

        Args:
            values: What is clustered.
            labels: Clusters to start from.
            num_clusters: K; clusters that lose all rows stay empty.
            iterations: Rounds of maximisation.
        """
        weights = torch.nn.functional.one_hot(labels, num_clusters).to(values.dtype)
        for i in range(iterations):
            mixture = cls._maximise(values, weights)
            if i + 1 < iterations:
                weights = torch.softmax(mixture.log_joint(values), dim=-1)
        return mixture

    @classmethod
    def _maximise(
        cls, values: Float[Tensor, "seeds rows dimensions"], weights: Float[Tensor, "seeds rows clusters"]
    ) -> Mixture:
        sizes = weights.sum(1)
        counted = sizes.clamp(min=1e-6)[..., None]
        means = weights.mT @ values / counted
        seeds, clusters, width = means.shape
        covariances = values.new_empty(seeds, clusters, width, width)
        for cluster in range(clusters):
            apart = values - means[:, cluster, None]
            covariances[:, cluster] = (weights[:, :, cluster, None] * apart).mT @ apart
        ridge = RIDGE * torch.eye(width, device=values.device)
        factors = torch.linalg.cholesky(covariances / counted[..., None] + ridge)
        return cls((sizes / values.shape[1] + LEAST_SHARE).log(), means, factors)

    def log_joint(self, values: Float[Tensor, "seeds rows dimensions"]) -> Float[Tensor, "seeds rows clusters"]:
        """``log p(z) p(y | z)``, up to a constant."""
        joint = []
        for cluster in range(self.means.shape[1]):
            factor = self.factors[:, cluster]
            apart = values - self.means[:, cluster, None]
            whitened = torch.linalg.solve_triangular(factor, apart.mT, upper=False)
            log_volume = factor.diagonal(dim1=-2, dim2=-1).log().sum(-1)
            joint.append(self.log_shares[:, cluster, None] - 0.5 * whitened.square().sum(1) - log_volume[:, None])
        return torch.stack(joint, dim=-1)

    def labels(self, values: Float[Tensor, "seeds rows dimensions"]) -> Int[Tensor, "seeds rows"]:
        """The likeliest cluster of each row."""
        return self.log_joint(values).argmax(-1)


def spread_labels(
    values: Float[Tensor, "seeds rows dimensions"], seeds: Seeds, num_clusters: int
) -> Int[Tensor, "seeds rows"]:
    """The nearest of K rows that k-means++ picks: each with probability proportional to its squared distance so far."""
    labels = []
    for seed, rows in zip(seeds, values, strict=True):
        random = generator(seed, "spread rows")
        nearest = torch.full((len(rows),), torch.inf, dtype=rows.dtype, device=rows.device)
        label = torch.zeros(len(rows), dtype=torch.int64, device=rows.device)
        for cluster in range(num_clusters):
            chances = nearest.double().cpu().numpy() if cluster else np.ones(len(rows))
            total = chances.sum()
            picked = random.choice(len(rows), p=chances / total if total > 0 else None)
            distance = (rows - rows[picked]).square().sum(-1)
            label = torch.where(distance < nearest, cluster, label)
            nearest = torch.minimum(nearest, distance)
        labels.append(label)
    return torch.stack(labels)

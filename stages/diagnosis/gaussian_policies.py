"""The policies of clusters as Gaussians whose mean is linear in random features: a ridge regression in closed form.

    pi_k(a | s) = N(B_k' phi(s), diag(sigma_k^2)),   B_k = (Phi_k' Phi_k + I)^-1 Phi_k' A_k,
    sigma_k^2   = (1 + residual sum of squares) / (1 + steps)

with standardised actions and phi of `features`. Everything follows from the clusters' second moments Phi' Phi, Phi' A
and A' A. A cluster without steps has the mean action and its spread over the dataset. The variance is the same in all
states and takes in what the features cannot express, so differences between policies come out too small rather than too
large. Sibling of `tabular_policies`, for actions that are vectors.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from stages.datasets.episodes import EpisodeDataset
from stages.diagnosis.features import random_features, standardised


@dataclass(frozen=True)
class Gaussians:
    """Weights and variances of each cluster's policy, and the mean of ``phi phi'`` over its steps."""

    steps: Float[np.ndarray, "clusters"]
    moments: Float[np.ndarray, "clusters features features"]
    weights: Float[np.ndarray, "clusters features action"]
    variances: Float[np.ndarray, "clusters action"]


class GaussianPolicies:
    """Fits and compares Gaussians on the steps of one dataset.

    Args:
        dataset: Episodes whose actions are vectors.
        num_waves: Random features.
        generator: Draws them.
    """

    def __init__(self, dataset: EpisodeDataset, num_waves: int, generator: np.random.Generator) -> None:
        self.dataset = dataset
        self.phi, self.actions = random_features(dataset, num_waves, generator), standardised(dataset.actions)

    def fit(
        self, labels: Int[np.ndarray, "episodes"], num_clusters: int, taken: Bool[np.ndarray, "episodes"]
    ) -> Gaussians:
        """Gaussians of the clusters, from the `taken` episodes."""
        label = np.where(taken, labels, -1)[self.dataset.episode_of_step]
        parts = [self._fitted(label == cluster) for cluster in range(num_clusters)]
        return Gaussians(*(np.stack(values) for values in zip(*parts, strict=True)))

    def log_likelihood(self, policies: Gaussians) -> Float[np.ndarray, "episodes clusters"]:
        """Log-likelihood of each episode's standardised actions under each policy."""
        found = []
        for weights, variances in zip(policies.weights, policies.variances, strict=True):
            squared = (self.actions - self.phi @ weights) ** 2 / variances
            per_step = -0.5 * (squared + np.log(2 * np.pi * variances)).sum(axis=1)
            found.append(np.add.reduceat(per_step, self.dataset.episode_starts))
        return np.stack(found, axis=1)

    def divergence(self, first: Gaussians, second: Gaussians) -> Float[np.ndarray, "first second"]:
        """KL(first || second) per step at the states of the first; NaN where either has none."""
        between = first.weights[:, None] - second.weights
        squared = np.einsum("ijfa,ifg,ijga->ija", between, first.moments, between, optimize=True)
        ratio = first.variances[:, None] / second.variances
        divergence = 0.5 * (ratio + squared / second.variances - 1 - np.log(ratio)).sum(axis=2)
        both = (first.steps[:, None] > 0) & (second.steps > 0)
        return np.where(both, divergence.clip(min=0.0), np.nan)

    def _fitted(self, rows: Bool[np.ndarray, "steps"]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """One cluster's entries of `Gaussians`."""
        phi, actions, steps = self.phi[rows], self.actions[rows], np.array(float(rows.sum()))
        moments = phi.T @ phi
        weights = np.linalg.solve(moments + np.eye(phi.shape[1]), phi.T @ actions)
        variances = (1 + ((actions - phi @ weights) ** 2).sum(axis=0)) / (1 + steps)
        return steps, moments / np.maximum(steps, 1), weights, variances

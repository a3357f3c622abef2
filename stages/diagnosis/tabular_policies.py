"""The policies of clusters as tables: how often each action was taken in each state.

    pi_k(a | s) = (n_k(s, a) + c / A) / (n_k(s) + c),    c = smoothing, A = number of actions

where a cluster has never been, its policy is uniform. Sibling of `gaussian_policies`, for discrete actions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from stages.datasets.episodes import EpisodeDataset
from stages.diagnosis.conflicts import numbered_states


@dataclass(frozen=True)
class Tables:
    """Visits of each cluster, and the log-probabilities made of them."""

    visits: Float[np.ndarray, "clusters states"]
    log_probs: Float[np.ndarray, "clusters states actions"]


class TabularPolicies:
    """Fits and compares tables on the steps of one dataset.

    Args:
        dataset: Episodes with discrete actions.
        smoothing: Visits that every state is credited with, spread evenly over the actions.
    """

    def __init__(self, dataset: EpisodeDataset, smoothing: float) -> None:
        assert dataset.num_actions is not None
        self.dataset, self.smoothing = dataset, smoothing
        self.state = numbered_states(dataset.observations)
        self.shape = (int(self.state.max()) + 1, dataset.num_actions)

    def fit(
        self, labels: Int[np.ndarray, "episodes"], num_clusters: int, taken: Bool[np.ndarray, "episodes"]
    ) -> Tables:
        """Tables of the clusters, from the `taken` episodes."""
        rows = taken[self.dataset.episode_of_step]
        cluster = labels[self.dataset.episode_of_step][rows]
        shape = (num_clusters, *self.shape)
        choice = np.ravel_multi_index((cluster, self.state[rows], self.dataset.actions[rows]), shape)
        counts = np.bincount(choice, minlength=int(np.prod(shape))).reshape(shape).astype(np.float64)
        visits, smoothing = counts.sum(axis=2), self.smoothing
        shares = (counts + smoothing / self.shape[1]) / (visits[..., None] + smoothing)
        return Tables(visits, np.log(shares))

    def log_likelihood(self, policies: Tables) -> Float[np.ndarray, "episodes clusters"]:
        """Log-likelihood of each episode's actions under each policy."""
        per_step = policies.log_probs[:, self.state, self.dataset.actions]
        sums: np.ndarray = np.add.reduceat(per_step, self.dataset.episode_starts, axis=1).T
        return sums

    def divergence(self, first: Tables, second: Tables) -> Float[np.ndarray, "first second"]:
        """KL(first || second) per step at the states of the first that the second has been to; NaN where none."""
        weights = first.visits[..., None] * np.exp(first.log_probs)
        visited = (second.visits > 0).astype(np.float64)
        first_own = (weights * first.log_probs).sum(axis=2) @ visited.T
        others = np.einsum("isa,jsa->ij", weights, second.log_probs * visited[..., None], optimize=True)
        visits = first.visits @ visited.T
        found = np.divide(first_own - others, visits, out=np.full(visits.shape, np.nan), where=visits > 0)
        exact: np.ndarray = np.maximum(found, 0.0)  # rounding
        return exact

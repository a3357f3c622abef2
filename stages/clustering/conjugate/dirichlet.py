"""Tabular policies with a Dirichlet prior: for discrete actions and states that come back.

In each state s the probabilities of the A(s) actions that occur there have the prior ``Dirichlet(alpha_s)``. The
statistics are counts ``n[s, a]``, and the evidence is that of Polya's urn, state by state:

    log Gamma(A_s) - log Gamma(A_s + n[s]) + sum_a ( log Gamma(alpha_sa + n[s, a]) - log Gamma(alpha_sa) )

with ``A_s = sum_a alpha_sa``. The mean policy is ``(n[s, a] + alpha_sa) / (n[s] + A_s)``: additive smoothing.

Where policies are rules that share nothing, ``alpha_sa`` is the same for all actions. Where everybody does nearly the
same, as people do who play one game, it is what all episodes together do in the state, times a number of imaginary
steps: then no policy has to be learnt from a few hundred steps, only what is peculiar to it. Every memoryless policy is
in the family, so evidence is taken at its word: `temper` is 1. Partitions whose number of groups is to be found have a
prior, or thousands of partitions of a single policy would each be as probable as that it is one.
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from stages.clustering.alternation.state_action_counts import StateActionCounts
from stages.clustering.conjugate.policies import ConjugatePolicies, Statistics
from stages.datasets.episodes import EpisodeDataset

LEAST = 0.5  # imaginary steps of all episodes together


class DirichletPolicies(ConjugatePolicies):
    """Tabular policies.

    Args:
        table: Counts of the dataset; its smoothing is alpha, for all pairs alike or for each (`about_all`). It is small
            where policies are nearly deterministic.
    """

    affordable_episodes = 200

    def __init__(self, table: StateActionCounts) -> None:
        self.table = table
        alpha = np.broadcast_to(np.asarray(table.smoothing, dtype=np.float64), table.state.shape).copy()
        self.alpha, self.prior = torch.from_numpy(alpha), torch.from_numpy(table.per_state(alpha[None])[0])

    @classmethod
    def about_all(cls, table: StateActionCounts, steps: float) -> DirichletPolicies:
        """Policies that are about what all episodes together do, which counts as so many steps in each state."""
        counts = np.asarray(table.matrix.sum(0)) + LEAST
        policy = (counts / table.per_state(counts)[:, table.state])[0]
        policies = cls(table.smoothed_by(steps * policy))
        policies.are_about_all = True
        return policies

    def statistics(self, episodes: Int[np.ndarray, "chosen"]) -> Statistics:
        counts = torch.from_numpy(self.table.matrix[episodes].toarray())
        return torch.cat([counts, torch.ones(len(counts), 1, dtype=torch.float64)], 1)

    def evidence(self, statistics: Statistics) -> Float[Tensor, "groups"]:
        counts, alpha = self.temper * statistics[:, :-1], self.alpha
        by_state = torch.from_numpy(self.table.per_state(counts.numpy()))
        by_action = (torch.lgamma(counts + alpha) - torch.lgamma(alpha)).sum(1)
        found = by_action + (torch.lgamma(self.prior) - torch.lgamma(by_state + self.prior)).sum(1)
        return found + self.log_prior_of_sizes(statistics[:, -1])

    def total(self, labels: Int[np.ndarray, "episodes"], num_clusters: int) -> Float[Tensor, "clusters width"]:
        labelled = (labels >= 0).astype(np.float64)
        counts = self.table.by_cluster(np.maximum(labels, 0), num_clusters, labelled)
        sizes = np.bincount(labels[labels >= 0], minlength=num_clusters)
        return torch.from_numpy(np.hstack([counts, sizes[:, None]]))

    def log_likelihood(
        self, dataset: EpisodeDataset, clusters: Float[Tensor, "clusters width"]
    ) -> Float[Tensor, "episodes clusters"]:
        matrix = self.table.matrix if dataset is self.table.dataset else self.table.of(dataset)
        return torch.from_numpy(matrix @ self.table.log_probs(clusters[:, :-1].numpy()).T)

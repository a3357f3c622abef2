"""Tabular policies with a Dirichlet prior: for discrete actions and states that come back.

In each state s the probabilities of the A(s) actions that occur there have the prior ``Dirichlet(alpha, ..., alpha)``.
The statistics are counts ``n[s, a]``, and the evidence is that of Polya's urn, state by state:

    log Gamma(A alpha) - log Gamma(A alpha + n[s]) + sum_a ( log Gamma(alpha + n[s, a]) - log Gamma(alpha) )

The mean policy is ``(n[s, a] + alpha) / (n[s] + A alpha)``: additive smoothing. Every memoryless policy is in the
family, so evidence is taken at its word: `temper` is 1.
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from stages.clustering.alternation.state_action_counts import StateActionCounts
from stages.clustering.conjugate.policies import ConjugatePolicies, Statistics
from stages.datasets.episodes import EpisodeDataset


class DirichletPolicies(ConjugatePolicies):
    """Tabular policies.

    Args:
        table: Counts of the dataset; its smoothing is the concentration alpha, small where policies are nearly
            deterministic.
    """

    affordable_episodes = 200

    def __init__(self, table: StateActionCounts) -> None:
        self.table = table
        actions = np.bincount(table.state, minlength=len(table.first))
        self.prior = torch.from_numpy(table.smoothing * actions)

    def statistics(self, episodes: Int[np.ndarray, "chosen"]) -> Statistics:
        return torch.from_numpy(self.table.matrix[episodes].toarray())

    def evidence(self, statistics: Statistics) -> Float[Tensor, "groups"]:
        counts, alpha = self.temper * statistics, torch.tensor(self.table.smoothing, dtype=torch.float64)
        by_state = torch.from_numpy(self.table.per_state(counts.numpy()))
        by_action = (torch.lgamma(counts + alpha) - torch.lgamma(alpha)).sum(1)
        return by_action + (torch.lgamma(self.prior) - torch.lgamma(by_state + self.prior)).sum(1)

    def total(self, labels: Int[np.ndarray, "episodes"], num_clusters: int) -> Float[Tensor, "clusters width"]:
        labelled = (labels >= 0).astype(np.float64)
        return torch.from_numpy(self.table.by_cluster(np.maximum(labels, 0), num_clusters, labelled))

    def log_likelihood(
        self, dataset: EpisodeDataset, clusters: Float[Tensor, "clusters width"]
    ) -> Float[Tensor, "episodes clusters"]:
        matrix = self.table.matrix if dataset is self.table.dataset else self.table.of(dataset)
        return torch.from_numpy(matrix @ self.table.log_probs(clusters.numpy()).T)

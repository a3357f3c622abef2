"""Policies whose parameters are integrated out, so that "did one policy make all these?" has an exact answer.

With a conjugate prior, episodes matter only through statistics that add up, and the probability of all their actions
under *one unknown* policy, the evidence (marginal likelihood), is a formula of the sum:

    evidence(C) = log  integral  prod_{tau in C} prod_t p(a_t | s_t, theta)^temper  p(theta) dtheta

Two groups of episodes are likelier to be the work of one policy than of two where ``evidence(A + B) > evidence(A) +
evidence(B)``. Nothing is trained, and more clusters do not fit better just because they have more freedom.

`temper` below 1 lets every step count for less: steps of an episode resemble each other, and no simple policy is quite
right everywhere, so that plain evidence would split one behaviour into "what it does here" and "what it does there"
(the coarsened posterior of Miller and Dunson, 2019).
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from stages.datasets.episodes import EpisodeDataset

CONCENTRATIONS = np.exp(np.arange(-3.0, 4.0))  # of partitions, equally probable
Statistics = Float[Tensor, "groups width"]


class ConjugatePolicies(ABC):
    """A family of policies with a conjugate prior, for one dataset.

    Attributes:
        affordable_episodes: How many episodes can be compared with each other in some seconds.
        are_about_all: Whether they are about what all episodes together do.
        prefers: Whether partitions have a prior: that of a Chinese restaurant, whose concentration is integrated out.
    """

    affordable_episodes: int
    temper: float = 1.0
    prefers: bool = False
    are_about_all: bool = False

    @abstractmethod
    def statistics(self, episodes: Int[np.ndarray, "chosen"]) -> Statistics:
        """What each of the chosen episodes contributes; sums describe unions."""

    @abstractmethod
    def evidence(self, statistics: Statistics) -> Float[Tensor, "groups"]:
        """Log evidence of each group, in nats, its steps counting `temper` each."""

    def log_prior_of_sizes(self, sizes: Float[Tensor, "groups"]) -> Float[Tensor, "groups"] | float:
        """Logarithm of Chinese restaurant's ``Gamma(n)`` of each group; 0 where partitions have no prior."""
        return torch.lgamma(sizes.clamp(min=1)) if self.prefers else 0.0

    def log_prior_of_number(self, num_clusters: int, num_episodes: int) -> float:
        """Chinese restaurant's ``log mean_alpha alpha^K Gamma(alpha) / Gamma(alpha + N)``; sizes are in `evidence`."""
        if not self.prefers:
            return 0.0
        alpha = torch.from_numpy(CONCENTRATIONS)
        terms = num_clusters * alpha.log() + torch.lgamma(alpha) - torch.lgamma(alpha + num_episodes)
        return float(torch.logsumexp(terms, 0)) - np.log(len(alpha))

    def untempered_evidence(self, statistics: Statistics) -> float:
        """Evidence of all groups together, every step counting 1, by which families of policies can be compared."""
        temper, self.temper = self.temper, 1.0
        evidence = float(self.evidence(statistics).sum())
        self.temper = temper
        return evidence

    @abstractmethod
    def total(self, labels: Int[np.ndarray, "episodes"], num_clusters: int) -> Float[Tensor, "clusters width"]:
        """Statistics of whole clusters; episodes with label -1 are left out."""

    @abstractmethod
    def log_likelihood(
        self, dataset: EpisodeDataset, clusters: Float[Tensor, "clusters width"]
    ) -> Float[Tensor, "episodes clusters"]:
        """Log-likelihood of episodes, of this dataset or another, under the mean policies of the clusters."""

"""Fewer clusters from more: join, again and again, the two whose joining costs the least likelihood.

Alternation from a random start separates the policies far more reliably with more clusters than there are policies;
what was found twice is then put together again (Algorithm 4 of PG-Kmeans). The cost of a step is what J loses by it:

    scores   The episodes of i go to policy j, which stays as it is: ``cost(i, j) = sum_{tau in i} [log beta_i(tau) -
             log beta_j(tau)]``, from the scores of the last E-step. This is the published merging.
    counts   A policy is fitted to both, exactly: ``cost(i, j) = J(i) + J(j) - J(i and j)`` (tabular policies alone).

Source: Hu, Wang and Du, Policy-Based Trajectory Clustering in Offline Reinforcement Learning, and its public code.
Beyond the paper: merging goes on to a single cluster and every step is kept, so that the number of clusters can be
chosen afterwards (`stages.clustering.alternation.num_clusters`) and the price of each be looked at.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from stages.clustering.alternation.state_action_counts import StateActionCounts


@dataclass
class Level:
    """One step of merging.

    Attributes:
        alive: The clusters that are left.
        renaming: What each of the k clusters has become, one of `alive`; empty clusters stay what they are.
        score: J.
        criterion: What the number of clusters is chosen by, larger is better; NaN where it is not known.
    """

    alive: list[int]
    renaming: Int[np.ndarray, "clusters"]
    score: float
    criterion: float = math.nan


class Mergeable(ABC):
    """Clusters of one run that can be joined.

    Args:
        sizes: Episodes in each cluster.
    """

    def __init__(self, sizes: Int[np.ndarray, "clusters"]) -> None:
        self.sizes, self.alive = sizes.copy(), np.flatnonzero(sizes).tolist()
        self.renaming = np.arange(len(sizes))

    def join(self, leaving: int, into: int) -> None:
        """Move the episodes of one cluster into another."""
        self.sizes[into] += self.sizes[leaving]
        self.renaming[self.renaming == leaving] = into
        self.alive.remove(leaving)

    def level(self) -> Level:
        """The clusters as they are."""
        return Level(list(self.alive), self.renaming.copy(), self.score())

    @abstractmethod
    def score(self) -> float:
        """J."""

    @abstractmethod
    def costs(self) -> Float[np.ndarray, "alive alive"]:
        """What J loses where the row's episodes join the column's cluster; NaN for pairs that are no option."""


class ByScores(Mergeable):
    """Clusters known by the scores of the last E-step.

    Args:
        transfer: Entry (i, j): J of cluster i's episodes under policy j.
        sizes: Episodes in each cluster.
    """

    def __init__(self, transfer: Float[np.ndarray, "clusters clusters"], sizes: Int[np.ndarray, "clusters"]) -> None:
        super().__init__(sizes)
        self.transfer = transfer.copy()

    def score(self) -> float:
        return float(self.transfer[self.alive, self.alive].sum())

    def costs(self) -> Float[np.ndarray, "alive alive"]:
        among = self.transfer[np.ix_(self.alive, self.alive)]
        costs: np.ndarray = among.diagonal()[:, None] - among
        np.fill_diagonal(costs, np.nan)
        return costs

    def join(self, leaving: int, into: int) -> None:
        super().join(leaving, into)
        self.transfer[into] += self.transfer[leaving]


class ByCounts(Mergeable):
    """Clusters known by how often they take each action in each state.

    Args:
        table: The states and actions.
        counts: Counts of each cluster.
        sizes: Episodes in each cluster.
    """

    def __init__(
        self,
        table: StateActionCounts,
        counts: Float[np.ndarray, "clusters pairs"],
        sizes: Int[np.ndarray, "clusters"],
    ) -> None:
        super().__init__(sizes)
        self.table, self.counts = table, counts.copy()

    def score(self) -> float:
        return float(self.table.likelihood(self.counts[self.alive]).sum())

    def costs(self) -> Float[np.ndarray, "alive alive"]:
        counts, costs = self.counts[self.alive], np.full((len(self.alive), len(self.alive)), np.nan)
        first, second = np.triu_indices(len(counts), 1)
        likelihood = self.table.likelihood(counts)
        union = self.table.likelihood(counts[first] + counts[second])
        costs[second, first] = likelihood[first] + likelihood[second] - union
        return costs

    def join(self, leaving: int, into: int) -> None:
        super().join(leaving, into)
        self.counts[into] += self.counts[leaving]


def merge(clusters: Mergeable) -> list[Level]:
    """Join the cheapest pair until a single cluster is left; all levels, from the most clusters to one."""
    levels = [clusters.level()]
    while len(clusters.alive) > 1:
        costs = clusters.costs()
        leaving, into = (clusters.alive[place] for place in np.unravel_index(np.nanargmin(costs), costs.shape))
        clusters.join(leaving, into)
        levels.append(clusters.level())
    return levels

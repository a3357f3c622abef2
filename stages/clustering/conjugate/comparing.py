"""Comparing some episodes pair by pair: merging, moving, and what a step or a policy's spread is worth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int

from stages.clustering.conjugate.agglomeration import Agglomeration, agglomerate, move_one_by_one
from stages.clustering.conjugate.foretelling import alike
from stages.clustering.conjugate.judgement import united
from stages.clustering.conjugate.linear import BayesianLinearPolicies
from stages.clustering.conjugate.policies import ConjugatePolicies, Statistics
from stages.clustering.conjugate.random_effects import RandomEffects
from stages.clustering.conjugate.scaled_steps import varying

# Weights of a step to choose from. With a quarter, single behaviours of robots count as one and mixtures of two as two
# from 20 episodes to 300 (docs/decisions/0010); a half splits single ones, an eighth joins two in small data.
TEMPERS = 0.25 * 0.5 ** np.arange(6)
PATIENCE = 2  # unions that gain nothing, before one that may
TURNS, SETTLED = 6, 1.0  # of partition and spread within clusters, at most; nats that the last one gains
Turn = tuple[float, Float[torch.Tensor, "targets p"]]  # likelihood of clusters, and the spread within them
TOLD_APART = 0.05  # share of halves that may be, at the temper chosen


@dataclass(frozen=True)
class Compared:
    """The episodes that were compared pair by pair: `chosen` of the dataset, and what each adds to every cluster."""

    policies: ConjugatePolicies
    trace: Agglomeration
    chosen: Int[np.ndarray, "chosen"]
    labels: Int[np.ndarray, "chosen"]
    added: Float[np.ndarray, "chosen clusters"]
    evidence: float


def compare(
    policies: ConjugatePolicies, chosen: Int[np.ndarray, "chosen"], num_clusters: int | None, temper: float | None
) -> Compared:
    """Merge the chosen episodes by one family of policies, then move single ones.

    Args:
        policies: The family.
        chosen: Numbers of the episodes.
        num_clusters: The number of clusters; None: that of highest evidence.
        temper: Weight of a step in the evidence of linear policies; None: found from halves.
    """
    if isinstance(policies, BayesianLinearPolicies):
        policies.temper = temper or found_temper(policies, chosen)
    policies.prefers = num_clusters is None and not isinstance(policies, BayesianLinearPolicies)
    if isinstance(policies, RandomEffects):
        return compare_by_turns(policies, num_clusters)
    return partition(policies, chosen, num_clusters)


def judged(found: Compared) -> Compared:
    """With clusters of linear policies united that nothing is foretold by (`conjugate/judgement.py`).

    What is united says how many clusters there are; which, the evidence says: those united or those merged to as many.
    """
    policies = found.policies
    if not isinstance(policies, BayesianLinearPolicies):
        return found
    dataset = policies.job.dataset
    if dataset.num_actions is not None or not varying(dataset.actions).any():
        return found
    statistics, compared = policies.statistics(found.chosen), dataset.select(found.chosen)
    while True:
        labels = united(compared, found.labels, affinities(policies, statistics, found.labels), policies.judge)
        fewer = int(labels.max()) + 1
        if fewer == found.added.shape[1]:
            return found
        merged = found.trace.labels(fewer)
        partitions = [labels] if alike(labels, merged) else [labels, merged]
        candidates = [moved(policies, found.trace, found.chosen, statistics, each, fewer) for each in partitions]
        found = max(candidates, key=lambda each: float(policies.evidence(summed(statistics, each.labels)).sum()))


def summed(statistics: Statistics, labels: Int[np.ndarray, "chosen"]) -> Float[torch.Tensor, "clusters width"]:
    """Statistics of whole clusters."""
    return torch.stack([statistics[labels == z].sum(0) for z in range(int(labels.max()) + 1)])


def affinities(
    policies: ConjugatePolicies, statistics: Statistics, labels: Int[np.ndarray, "chosen"]
) -> Float[np.ndarray, "clusters clusters"]:
    """Evidence gained by uniting two clusters."""
    clusters = summed(statistics, labels)
    alone = policies.evidence(clusters)
    both = torch.stack([policies.evidence(clusters + cluster) for cluster in clusters])
    return (both - alone - alone[:, None]).numpy()


def partition(policies: ConjugatePolicies, chosen: Int[np.ndarray, "chosen"], asked: int | None) -> Compared:
    """Merge the chosen episodes, then move single ones."""
    statistics = policies.statistics(chosen)
    trace = agglomerate(policies, statistics)
    num_clusters = min(asked or trace.best_num_clusters, len(chosen))
    return moved(policies, trace, chosen, statistics, trace.labels(num_clusters), num_clusters)


def moved(
    policies: ConjugatePolicies,
    trace: Agglomeration,
    chosen: Int[np.ndarray, "chosen"],
    statistics: Statistics,
    labels: Int[np.ndarray, "chosen"],
    num_clusters: int,
) -> Compared:
    """With single episodes moved to where they add most evidence."""
    labels, added = move_one_by_one(policies, statistics, labels, num_clusters)
    clusters = summed(statistics, labels)
    evidence = policies.untempered_evidence(clusters) + policies.log_prior_of_number(num_clusters, len(chosen))
    return Compared(policies, trace, chosen, labels, added, evidence)


def compare_by_turns(policies: RandomEffects, num_clusters: int | None) -> Compared:
    """Partition the episodes and estimate the spread within clusters by turns; then try one cluster, and fewer ones."""
    chosen, partitions = policies.chosen, [partition(policies, policies.chosen, num_clusters)]
    turns: list[Turn] = []
    for _ in range(TURNS):
        turns.append(settled(policies, partitions[-1].labels))
        if len(turns) > 1 and turns[-1][0] < turns[-2][0] + SETTLED:
            break
        partitions.append(partition(policies, chosen, num_clusters))
        if alike(partitions[-1].labels, partitions[-2].labels):
            break
    if num_clusters is None:
        likeliest, together = max(turns, key=lambda turn: turn[0])[1], np.zeros(len(chosen), dtype=np.int64)
        policies.settle(None)
        turns.append((policies.log_likelihood_of(together), policies.within))
        turns.append(settled(policies, together))
        policies.within = likeliest
        turns += fewer(policies, partitions[-1].labels)
    best = max(range(len(turns)), key=lambda turn: turns[turn][0])
    policies.within = turns[best][1]
    seen = partitions[best + 1 : best + 2]  # the next turn's partition is that under this turn's spread
    return seen[0] if seen else partition(policies, chosen, num_clusters)


def fewer(policies: RandomEffects, labels: Int[np.ndarray, "chosen"]) -> Iterator[Turn]:
    """Turns with the two clusters united that lose least by it, again and again, until that gains nothing.

    Where policies vary by themselves, a first partition cuts them in pieces that vary little, which confirms it.
    """
    best, tries = -np.inf, 0
    while labels.max() > 0 and tries < PATIENCE:
        gains = affinities(policies, policies.statistics(policies.chosen), labels)
        np.fill_diagonal(gains, -np.inf)
        i, j = sorted(np.unravel_index(gains.argmax(), gains.shape))
        labels = np.unique(np.where(labels == j, i, labels), return_inverse=True)[1].ravel()
        turn = settled(policies, labels)
        best, tries = max(best, turn[0]), 0 if turn[0] > best else tries + 1
        yield turn


def settled(policies: RandomEffects, labels: Int[np.ndarray, "chosen"]) -> Turn:
    """The spread within these clusters, estimated until that gains nothing, and how likely they are under it."""
    best = -np.inf
    for _ in range(TURNS):
        policies.settle(labels)
        likelihood = policies.log_likelihood_of(labels)
        if likelihood < best + SETTLED:
            break
        best = likelihood
    return likelihood, policies.within


def found_temper(policies: BayesianLinearPolicies, chosen: Int[np.ndarray, "chosen"]) -> float:
    """The largest weight of a step at which (nearly) no episode's halves seem to be different policies' work."""
    first, second = policies.halves(chosen)
    for temper in TEMPERS:
        policies.temper = float(temper)
        gains = policies.evidence(first + second) - policies.evidence(first) - policies.evidence(second)
        if (gains < 0).double().mean() <= TOLD_APART:
            break
    return policies.temper

"""Merging groups of episodes as long as one policy is likelier than two, or until K are left."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int

from stages.clustering.conjugate.policies import ConjugatePolicies, Statistics


@dataclass(frozen=True)
class Agglomeration:
    """Episodes merged one pair of groups at a time, down to a single group.

    Attributes:
        pairs: The two groups of each merge: numbers below N are episodes, N + m is what merge m made.
        gains: Evidence gained by each merge, in nats, with the prior of the number of groups; negative where two
            policies are likelier than one.
    """

    pairs: list[tuple[int, int]]
    gains: Float[np.ndarray, "merges"]

    @property
    def num_episodes(self) -> int:
        return len(self.pairs) + 1

    @property
    def best_num_clusters(self) -> int:
        """The number of groups with the highest evidence."""
        return self.num_episodes - int(np.concatenate([[0.0], self.gains.cumsum()]).argmax())

    def labels(self, num_clusters: int) -> Int[np.ndarray, "episodes"]:
        """The groups that were left when there were `num_clusters` of them, numbered by their first episode."""
        members = {episode: [episode] for episode in range(self.num_episodes)}
        for merge, (i, j) in enumerate(self.pairs[: self.num_episodes - num_clusters]):
            members[self.num_episodes + merge] = members.pop(i) + members.pop(j)
        labels = np.zeros(self.num_episodes, dtype=np.int64)
        for label, group in enumerate(sorted(members.values(), key=min)):
            labels[group] = label
        return labels


def agglomerate(policies: ConjugatePolicies, statistics: Statistics) -> Agglomeration:
    """Merge, again and again, the two groups whose union gains most evidence (or loses least).

    Args:
        policies: The family of policies.
        statistics: One row per episode.
    """
    num_episodes = len(statistics)
    size = 2 * num_episodes - 1
    groups = statistics.new_zeros(size, statistics.shape[1])
    groups[:num_episodes] = statistics
    evidence = statistics.new_zeros(size)
    evidence[:num_episodes] = policies.evidence(statistics)
    gains = torch.full((size, size), -torch.inf, dtype=torch.float64)
    for i in range(1, num_episodes):
        gains[i, :i] = policies.evidence(groups[:i] + groups[i]) - evidence[:i] - evidence[i]
    present = torch.arange(num_episodes)
    pairs, gained = [], []
    for new in range(num_episodes, size):
        best = int(gains.argmax())
        i, j = divmod(best, size)
        pairs.append((i, j))
        gained.append(float(gains[i, j]))
        groups[new], evidence[new] = groups[i] + groups[j], evidence[i] + evidence[j] + gains[i, j]
        gains[[i, j]], gains[:, [i, j]] = -torch.inf, -torch.inf
        present = present[(present != i) & (present != j)]
        if len(present):
            gains[new, present] = policies.evidence(groups[present] + groups[new]) - evidence[present] - evidence[new]
        present = torch.cat([present, torch.tensor([new])])
    by_number = [policies.log_prior_of_number(number, num_episodes) for number in range(num_episodes, 0, -1)]
    return Agglomeration(pairs, np.array(gained) + np.diff(by_number))


def move_one_by_one(
    policies: ConjugatePolicies, statistics: Statistics, labels: Int[np.ndarray, "episodes"], num_clusters: int
) -> tuple[Int[np.ndarray, "episodes"], Float[np.ndarray, "episodes clusters"]]:
    """Move single episodes to other clusters while that raises the total evidence, and no cluster loses its last one.

    Returns:
        The labels, and how much evidence each episode adds to each cluster (its own without it), in nats: -inf where
        it may not go because its cluster would be empty.
    """
    labels, sizes = labels.copy(), np.bincount(labels, minlength=num_clusters)
    clusters = torch.stack([statistics[labels == z].sum(0) for z in range(num_clusters)])
    added = np.zeros((len(labels), num_clusters))
    for _ in range(len(labels)):
        before = labels.copy()
        for episode, of_episode in enumerate(statistics):
            current = labels[episode]
            clusters[current] -= of_episode
            added[episode] = (policies.evidence(clusters + of_episode) - policies.evidence(clusters)).numpy()
            if sizes[current] == 1:
                added[episode, np.arange(num_clusters) != current] = -np.inf
            labels[episode] = best = added[episode].argmax()
            clusters[best] += of_episode
            sizes[current] -= 1
            sizes[best] += 1
        if np.array_equal(before, labels):
            break
    return labels, added


def keep_populated(
    log_weights: Float[torch.Tensor, "episodes clusters"], labels: Int[np.ndarray, "episodes"]
) -> Float[torch.Tensor, "episodes clusters"]:
    """Weights under which no cluster is left empty: the member that is least likelier elsewhere stays, with certainty.

    Args:
        log_weights: Log-likelihood of each episode under each cluster, in nats.
        labels: The clusters as they are; every cluster has a member.
    """
    log_weights = log_weights.clone()
    while True:
        sizes = np.bincount(log_weights.argmax(1).numpy(), minlength=log_weights.shape[1])
        if sizes.all():
            return log_weights
        empty = int(sizes.argmin())
        members = torch.from_numpy(np.flatnonzero(labels == empty))
        losses = log_weights[members].max(1).values - log_weights[members, empty]
        staying = members[losses.argmin()]
        kept = log_weights[staying, empty].clone()
        log_weights[staying] = -torch.inf
        log_weights[staying, empty] = kept

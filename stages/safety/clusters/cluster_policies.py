"""Fitting the clusters' policies further, every one to rows of its own cluster.

Objective: ``- log beta(a | s; theta_z)`` over the rows of the episodes of cluster z, for every z (EMPO, Eq. 6 with hard
           assignments).
Source:    Park, Cho, Sung: EMPO, ARLET 2024; what is drawn is ours.

A step on rows drawn from everywhere evaluates all K policies on each row, of which one in K belongs to a policy. Here
a step draws equally many rows of every cluster, and each policy sees its own alone: K times as many useful rows for the
same work, which is what policies of dozens of clusters need.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Int
from torch import Tensor

from stages.networks import gaussian
from stages.seeding import Seeds
from stages.training.learner import Learner, Losses, Update
from stages.training.member_draws import MemberDraws
from stages.training.rows import Batch
from stages.training.trainable import Trainable

NO_ROWS = np.zeros(1, dtype=np.int64)  # seeds differ in which clusters exist, the batches of a block do not
LAST_RATE = 0.03  # share of the step size that is left at the end


def cluster_draws(
    seeds: Seeds, cluster_of_row: Int[np.ndarray, "seeds rows"], num_clusters: int, batch_size: int
) -> MemberDraws:
    """Rows of every cluster, uniformly with replacement; a cluster without rows draws the first row of all."""
    pools = {
        seed: [[np.flatnonzero(clusters == z) if (clusters == z).any() else NO_ROWS] for z in range(num_clusters)]
        for seed, clusters in zip(seeds, cluster_of_row, strict=True)
    }
    return MemberDraws(seeds, pools, [f"rows of cluster {z}" for z in range(num_clusters)], batch_size, chunk_steps=64)


class ClusterPolicies(Learner):
    """Learner of all policies; their step size falls to a small share of its start."""

    def __init__(self, policies: Trainable, num_steps: int) -> None:
        self.policies, self.decay = policies, LAST_RATE ** (1 / max(num_steps, 1))
        self.updates = [Update(self.fit)]

    def fit(self, batch: Batch) -> Losses:
        """One step of every policy on its own rows."""
        loss = -gaussian.log_prob(self.policies(batch["observations"]), batch["actions"]).mean(-1)
        self.policies.minimise(loss)
        self.policies.learning_rate.mul_(self.decay)
        return {"policy": loss.detach().mean(1)}

    def tensors(self) -> dict[str, Tensor]:
        return self.policies.tensors()

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
from stages.seeding import Seeds, generator
from stages.training.draws import Draws
from stages.training.learner import Learner, Losses, Update
from stages.training.rows import Batch
from stages.training.trainable import Trainable

LAST_RATE = 0.03  # share of the step size that is left at the end


class ClusterDraws(Draws):
    """Rows of every cluster, uniformly with replacement; index ``[steps, seeds, clusters, batch]``.

    Args:
        seeds: Seeds of the block.
        cluster_of_row: Cluster of every row, by seed.
        num_clusters: Clusters; one without rows draws the first row of all.
        batch_size: Rows per step and cluster.
    """

    def __init__(
        self, seeds: Seeds, cluster_of_row: Int[np.ndarray, "seeds rows"], num_clusters: int, batch_size: int
    ) -> None:
        super().__init__(seeds, num_rows=batch_size, batch_size=batch_size, chunk_steps=64)
        self.pools = {
            seed: [np.flatnonzero(own == z) for z in range(num_clusters)]
            for seed, own in zip(seeds, cluster_of_row, strict=True)
        }

    def index_chunk(self, seed: int, position: int) -> np.ndarray:
        drawn = []
        for z, pool in enumerate(self.pools[seed]):
            # A generator of its own for each cluster: those that another seed has more of change nothing.
            random = generator(seed, f"rows of cluster {z}", position)
            place = random.integers(0, max(len(pool), 1), (self.chunk_steps, self.batch_size))
            drawn.append(pool[place] if len(pool) else place)
        return np.stack(drawn, axis=1)


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

"""What one seed of evidence clustering found, of the episodes that were compared pair by pair and of all others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from stages.clustering.conjugate.agglomeration import Agglomeration, agglomerate, keep_populated
from stages.clustering.conjugate.comparing import Compared
from stages.clustering.conjugate.policies import ConjugatePolicies
from stages.datasets.episodes import EpisodeDataset


@dataclass(frozen=True)
class Grouping:
    """What one seed found: `log_weights` are the clusters' evidence for each episode, `scores` the course of J."""

    policies: ConjugatePolicies
    trace: Agglomeration
    clusters: Float[Tensor, "clusters width"]
    log_weights: Float[Tensor, "episodes clusters"]
    scores: list[float]
    converged: bool

    @property
    def labels(self) -> Int[np.ndarray, "episodes"]:
        """The likeliest cluster of each episode."""
        return self.log_weights.argmax(1).numpy()


def completed(dataset: EpisodeDataset, found: Compared, asked: int | None, most_rounds: int) -> Grouping:
    """With the episodes that were not compared.

    Args:
        dataset: All episodes.
        found: What was found of those that were.
        asked: The number of clusters, if it is given.
        most_rounds: Of assigning all episodes, at most.
    """
    if len(found.chosen) < dataset.num_episodes:
        return join_others(dataset, found, asked, most_rounds)
    clusters = found.policies.total(found.labels, found.added.shape[1])
    per_step = found.evidence / dataset.num_steps
    return Grouping(found.policies, found.trace, clusters, torch.from_numpy(found.added), [per_step], True)


def join_others(dataset: EpisodeDataset, compared: Compared, asked: int | None, most_rounds: int) -> Grouping:
    """Give all episodes to the cluster that explains them best, and the clusters grow by it, until nothing changes."""
    policies, num_clusters = compared.policies, compared.added.shape[1]
    everyone = np.full(dataset.num_episodes, -1, dtype=np.int64)
    everyone[compared.chosen] = compared.labels
    scores, converged = [], False
    for _ in range(most_rounds):
        clusters = policies.total(everyone, num_clusters)
        log_likelihood = keep_populated(policies.log_likelihood(dataset, clusters), everyone)
        assigned = log_likelihood.argmax(1).numpy()
        scores.append(float(log_likelihood.max(1).values.sum()) / dataset.num_steps)
        if converged := np.array_equal(assigned, everyone):
            merged = agglomerate(policies, clusters)
            if asked is not None or merged.best_num_clusters == num_clusters:
                break
            num_clusters = merged.best_num_clusters
            assigned = merged.labels(num_clusters)[assigned]
        everyone = assigned
    return Grouping(policies, compared.trace, clusters, policies.temper * log_likelihood, scores, converged)

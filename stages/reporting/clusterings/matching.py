"""One name for the same cluster in all seeds, so that a colour means one thing throughout the report.

Each seed numbers its clusters as it likes. They are matched to the true behaviours where those are known, otherwise to
the clusters of the first seed.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from jaxtyping import Int

from stages.diagnosis.clustering_scores import match_clusters
from stages.reporting.clusterings.results import Clusterings, Clusters
from stages.reporting.data.results import Data
from stages.reporting.gathering import DatasetResults
from stages.reporting.returns.results import Evaluation


def partners(results: DatasetResults, clusters: Clusters) -> Int[np.ndarray, "seeds clusters"]:
    """The common number of each cluster of each seed."""
    truth = results.of(Data).true_labels
    reference = clusters.labels[0] if truth is None else truth
    return np.stack([match_clusters(reference, labels, clusters.num_clusters) for labels in clusters.labels])


def clustering_of(results: DatasetResults, agent: str, followed: Mapping[str, str | None]) -> Clusters | None:
    """The clustering that an agent acts by, as the params say, or the only one where they say nothing.

    None where the agent has none, or where it was not given.
    """
    clusterings = results.of(Clusterings).clusterings
    if agent in followed:
        return clusterings.get(followed[agent] or "")
    return next(iter(clusterings.values())) if len(clusterings) == 1 else None


def matched_choices(
    results: DatasetResults, evaluation: Evaluation, clusters: Clusters | None
) -> Int[np.ndarray, "seeds drawn steps"]:
    """The choices of an agent's rollouts in common numbers; -1 where there is no choice, also for a single cluster."""
    choices = evaluation.choices.astype(np.int64)
    if evaluation.cluster_returns.shape[1] == 1 or (clusters is not None and clusters.num_clusters == 1):
        return np.full_like(choices, -1)
    if clusters is None:
        return choices
    rows = {int(seed): row for row, seed in enumerate(clusters.seeds)}
    common, unmatched = partners(results, clusters), np.arange(clusters.num_clusters)
    names = [common[rows[int(seed)]] if int(seed) in rows else unmatched for seed in evaluation.seeds]
    return np.stack([np.where(chosen >= 0, name[chosen], -1) for chosen, name in zip(choices, names, strict=True)])

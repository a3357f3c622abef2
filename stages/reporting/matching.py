"""One name for the same cluster in all seeds, so that a colour means one thing throughout the report.

Each seed numbers its clusters as it likes. They are matched to the true behaviours where those are known, otherwise to
the clusters of the first seed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Int

from stages.diagnosis.clustering_scores import match_clusters
from stages.reporting.inputs import Clusters, DatasetResults, Evaluation


def partners(results: DatasetResults, clusters: Clusters) -> Int[np.ndarray, "seeds clusters"]:
    """The common number of each cluster of each seed."""
    reference = clusters.labels[0] if results.true_labels is None else results.true_labels
    return np.stack([match_clusters(reference, labels, clusters.num_clusters) for labels in clusters.labels])


def clustering_of(results: DatasetResults, agent: str, agents: dict[str, Any]) -> Clusters | None:
    """The clustering that an agent acts by, as the params' `agents` say, or the only one where they say nothing.

    None where the agent has none, or where it was not given.
    """
    if agent in agents:
        return results.clusterings.get(agents[agent].get("clusters"))
    return next(iter(results.clusterings.values())) if len(results.clusterings) == 1 else None


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
    common = partners(results, clusters)
    known = [
        common[rows[int(seed)]] if int(seed) in rows else np.arange(clusters.num_clusters) for seed in evaluation.seeds
    ]
    return np.stack([np.where(one >= 0, names[one], -1) for one, names in zip(choices, known, strict=True)])

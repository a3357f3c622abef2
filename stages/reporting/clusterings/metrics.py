"""Metrics of clusterings, from their labels alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stages.reporting.clusterings.contingency import agreement, counted, scores_of
from stages.reporting.clusterings.results import Clusterings, Clusters
from stages.reporting.clusterings.rows import usual
from stages.reporting.data.results import Data
from stages.reporting.gathering import DatasetResults
from stages.reporting.kit.metrics import rounded

PERFECT = 1 - 1e-9


@dataclass(frozen=True)
class ClusterMetrics:
    """One clustering over its seeds.

    Attributes:
        seeds: Number of seeds.
        clusters, clusters_low, clusters_high: Clusters with episodes: the most frequent number, the range over seeds.
        agreement_between_seeds: Mean ARI over pairs of seeds, NaN for a single one.
        rand, ari, nmi, accuracy: Means over seeds; None where the true policies are not known, and so below.
        rand_min: The lowest Rand index.
        perfect: Share of seeds that are right about every pair of episodes.
        nmi_std, nmi_min: Standard deviation and the lowest value over seeds.
    """

    seeds: int
    clusters: int
    clusters_low: int
    clusters_high: int
    agreement_between_seeds: float
    rand: float | None = None
    ari: float | None = None
    nmi: float | None = None
    accuracy: float | None = None
    rand_min: float | None = None
    perfect: float | None = None
    nmi_std: float | None = None
    nmi_min: float | None = None


@dataclass(frozen=True)
class ClusteringMetrics:
    """By clustering, those into one cluster left out."""

    clusters: dict[str, ClusterMetrics]


def clustering_metrics(results: DatasetResults) -> ClusteringMetrics:
    """Of all clusterings of a dataset."""
    truth = results.of(Data).true_labels
    several = results.of(Clusterings).several
    return rounded(ClusteringMetrics({name: _metrics(truth, clusters) for name, clusters in several.items()}))


def _metrics(truth: np.ndarray | None, clusters: Clusters) -> ClusterMetrics:
    found = clusters.found
    of_labels = (len(clusters.seeds), usual(found), min(found), max(found), agreement(clusters.labels))
    if truth is None:
        return ClusterMetrics(*of_labels)
    of_seeds = [scores_of(counted(truth, labels)) for labels in clusters.labels]
    scores = {name: np.array([of_seed[name] for of_seed in of_seeds]) for name in of_seeds[0]}
    return ClusterMetrics(
        *of_labels,
        **{name: values.mean() for name, values in scores.items()},
        rand_min=scores["rand"].min(),
        perfect=(scores["rand"] > PERFECT).mean(),
        nmi_std=scores["nmi"].std(),
        nmi_min=scores["nmi"].min(),
    )

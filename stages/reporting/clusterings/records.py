"""Rows of the tables that are written under `results/` and read by the report."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ClusteringRow:
    """One clustering beside all others of a dataset, on equal terms; what is None is not known.

    Attributes:
        clustering: Name of the clustering.
        method: Its method.
        seeds: Number of seeds.
        nmi_mean, nmi_std, nmi_min: Against the true policies, over seeds; and so for the other scores.
        good: Share of seeds with an NMI of at least `good_from`.
        good_from: 99 % of the NMI that the true policies themselves reach; 0.95 where that is not known.
        ceiling_nmi: The NMI of the true policies themselves.
        clusters, clusters_low, clusters_high: Clusters with episodes: the most frequent number, the range over seeds.
        agreement: Mean ARI between seeds.
        k_probability: Probability of as many clusters as were found, by the evidence, mean over seeds.
        ambiguity: Mean probability of an episode to be of another cluster, by the method's own responsibilities.
        drift: p-value of episodes doing the same throughout the recording, mean over seeds.
        ambiguous: Share of episodes that several clusters explain about equally well.
        within_conflict: Share of pairs of episodes in one cluster that are in conflict.
        behavioural_kl: Mean over the matched pairs of cluster and true policy, nats per step.
        cpu_seconds, max_rss_mb: Computing time per seed; largest memory of a job.
        published_nmi, published_ari, published_rand: A paper's numbers for the same method, and what they are.
    """

    clustering: str
    method: str = ""
    seeds: int = 0
    nmi_mean: float | None = None
    nmi_std: float | None = None
    nmi_min: float | None = None
    ari_mean: float | None = None
    ari_std: float | None = None
    ari_min: float | None = None
    rand_mean: float | None = None
    rand_std: float | None = None
    rand_min: float | None = None
    accuracy_mean: float | None = None
    accuracy_std: float | None = None
    accuracy_min: float | None = None
    good: float | None = None
    good_from: float | None = None
    ceiling_nmi: float | None = None
    clusters: int = 0
    clusters_low: int = 0
    clusters_high: int = 0
    agreement: float | None = None
    k_probability: float | None = None
    ambiguity: float | None = None
    drift: float | None = None
    ambiguous: float | None = None
    within_conflict: float | None = None
    behavioural_kl: float | None = None
    cpu_seconds: float | None = None
    max_rss_mb: float | None = None
    published_nmi: float | None = None
    published_ari: float | None = None
    published_rand: float | None = None
    published_what: str | None = None


@dataclass(frozen=True)
class KRow:
    """Scores of one series of clusterings that started from `k` clusters.

    Attributes:
        k: The number of clusters at the start.
        series: See `stages.reporting.clusterings.k_rows`.
        seeds: Number of seeds.
        runs: Clusterings that were scored: seeds, times restarts for single ones.
        nmi_mean, nmi_std, nmi_min: Over runs; and so for ARI.
        seconds: Computing time per seed.
    """

    k: int
    series: str
    seeds: int
    runs: int
    nmi_mean: float
    nmi_std: float
    nmi_min: float
    ari_mean: float
    ari_std: float
    ari_min: float
    seconds: float | None = None


@dataclass(frozen=True)
class AblationRow:
    """Rand index in percent of one combination of EM's heuristics, which are noted as they are printed.

    Attributes:
        momentum, pretrain_epochs, bias_epochs: The heuristics' settings.
        seeds: Number of seeds.
        rand_mean, rand_std: Over seeds.
        rand: One number per seed, separated by blanks.
        published_mean, published_std: The paper's.
    """

    momentum: str
    pretrain_epochs: str
    bias_epochs: str
    seeds: int
    rand_mean: float
    rand_std: float
    rand: str
    published_mean: float | None = None
    published_std: float | None = None


@dataclass(frozen=True)
class CostRow:
    """Time and memory of one clustering of data of some size."""

    clustering: str
    dataset: str = ""
    episodes: float | None = None
    steps: float | None = None
    num_clusters: float | None = None
    seconds: float | None = None
    max_rss_mb: float | None = None

"""Numbers about embeddings: every probe over seeds."""

from __future__ import annotations

from dataclasses import dataclass

from stages.datasets.episodes import EpisodeDataset
from stages.evaluation.statistics import Interval, mean
from stages.reporting.embeddings.imitations import gap_intervals
from stages.reporting.embeddings.results import Embeddings
from stages.reporting.kit.metrics import rounded, seeds_interval


@dataclass(frozen=True)
class EmbeddingMetrics:
    """Means over seeds with their 95 % intervals.

    Attributes:
        embeddings: By embedding and probe.
        imitators: The gap to the levels' returns, by imitator; None where there are none.
    """

    embeddings: dict[str, dict[str, Interval]]
    imitators: dict[str, Interval] | None = None


def embedding_metrics(
    embeddings: Embeddings, dataset: EpisodeDataset | None, resamples: int
) -> EmbeddingMetrics | None:
    """The metrics of a dataset; None where nothing was probed, imitated or looked into.

    Args:
        embeddings: Scores of probes and returns of imitators.
        dataset: The episodes.
        resamples: Bootstrap samples of each interval.
    """
    if not (embeddings.probed or embeddings.imitations or embeddings.latents):
        return None
    intervals = {
        name: {probe: seeds_interval(scores, resamples, mean) for probe, scores in probed.scores.items()}
        for name, probed in embeddings.probed.items()
    }
    return EmbeddingMetrics(rounded(intervals), rounded(gap_intervals(embeddings, dataset, resamples)) or None)

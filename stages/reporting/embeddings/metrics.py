"""Numbers about embeddings: every probe over seeds."""

from __future__ import annotations

from dataclasses import dataclass

from stages.evaluation.statistics import Interval, mean
from stages.reporting.embeddings.results import Embeddings
from stages.reporting.kit.metrics import rounded, seeds_interval


@dataclass(frozen=True)
class EmbeddingMetrics:
    """Means over seeds with their 95 % intervals, by embedding and probe."""

    embeddings: dict[str, dict[str, Interval]]


def embedding_metrics(embeddings: Embeddings, resamples: int) -> EmbeddingMetrics | None:
    """The metrics of a dataset; None where no embedding was probed.

    Args:
        embeddings: What was probed.
        resamples: Bootstrap samples of each interval.
    """
    if not embeddings.probed:
        return None
    intervals = {
        name: {probe: seeds_interval(scores, resamples, mean) for probe, scores in probed.scores.items()}
        for name, probed in embeddings.probed.items()
    }
    return EmbeddingMetrics(rounded(intervals))

"""Probes as tables: all embeddings in short with what they cost, and one table for each thing that is read off them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from stages.evaluation.statistics import Interval
from stages.reporting.embeddings.metrics import EmbeddingMetrics
from stages.reporting.embeddings.published import PublishedProbes
from stages.reporting.embeddings.results import Embeddings
from stages.reporting.kit.captions import caption
from stages.reporting.kit.metrics import text_of
from stages.reporting.kit.tables import Table
from stages.reporting.run.results import Run

ACCURACY, ERROR = "level accuracy", "absolute error"


def overview_table(
    embeddings: Embeddings, metrics: EmbeddingMetrics, run: Run, episodes: int | None, published: PublishedProbes
) -> Table:
    """Every embedding: its linear probes of whole episodes, what is printed, its cost, what it said of its training.

    Args:
        embeddings: What was probed.
        metrics: The scores over seeds.
        run: What jobs cost.
        episodes: Episodes of the dataset, where it is known.
        published: What papers print.
    """
    rows = []
    for name, intervals in metrics.embeddings.items():
        cost, embedded = run.cost("embeddings", name), embeddings.embedded.get(name)
        seconds = None if cost.cpu_seconds is None or not episodes else 1000 * cost.cpu_seconds / episodes
        printed = published.level_accuracy.get(name)
        rows.append(
            {
                "embedding": caption("embeddings", name),
                "numbers": "" if embedded is None else str(embedded.vectors.shape[1]),
                "level accuracy, %": _cell(intervals, "linear", ACCURACY),
                "published, %": "" if printed is None else f"{100 * printed:.0f}",
                "return R2": _cell(intervals, "linear", "return R2"),
                "R2 within levels": _cell(intervals, "linear", "return R2 within levels"),
                "CPU s per 1,000 episodes": "" if seconds is None else f"{seconds:,.1f}",
                "memory, MB": "" if cost.max_rss_mb is None else f"{cost.max_rss_mb:,.0f}",
                "remarks": "; ".join(embeddings.probed[name].remarks),
            }
        )
    return Table.of(rows)


def probe_tables(metrics: EmbeddingMetrics) -> dict[str, Table]:
    """By what is read off (levels, returns, ...): a row for each embedding, a column for each view of it."""
    views: dict[str, list[str]] = {}
    for probe in dict.fromkeys(probe for intervals in metrics.embeddings.values() for probe in intervals):
        view, _, reading = probe.partition(": ")
        views.setdefault(reading, []).append(view)
    return {
        caption("readings", reading): Table.of(
            [
                {"embedding": caption("embeddings", name)}
                | {caption("views", view): _cell(intervals, view, reading) for view in seen}
                for name, intervals in metrics.embeddings.items()
            ]
        )
        for reading, seen in views.items()
    }


def _cell(intervals: Mapping[str, Interval], view: str, reading: str) -> str:
    """Accuracies in percent, errors in units of the return, shares of variance with two digits.

    Where all seeds are alike there is no interval.
    """
    found = intervals.get(f"{view}: {reading}")
    if found is None or np.isnan(found.value):
        return ""
    if found.low == found.high:
        found = Interval(found.value, np.nan, np.nan)
    if reading.endswith(ERROR):
        return text_of(found)
    # Student's interval does not know that there is no more than everything.
    share = np.minimum(1, (found.value, found.low, found.high))
    return text_of(Interval(*(100 * share))) if reading == ACCURACY else text_of(Interval(*share), 2)

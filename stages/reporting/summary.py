"""Numbers of every dataset and their aggregates, as far as sections bring them: a table and nested metrics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

from stages.reporting.gathering import Collection, DatasetResults
from stages.reporting.kit.metrics import plain
from stages.reporting.sections import FIRST_METRICS, SECTIONS

if TYPE_CHECKING:
    import pandas as pd

Metrics = list[Any]  # a dataset's, of each section


def metrics_of(collection: Collection, resamples: int) -> dict[str, Metrics]:
    """The typed metrics of every dataset.

    Args:
        collection: The results.
        resamples: Bootstrap samples of each interval.
    """
    return {name: [section.metrics(results, resamples) for section in SECTIONS] for name, results in collection.items()}


def as_json(metrics: Sequence[Any]) -> dict[str, Any]:
    """A dataset's metrics as plain values, entry by entry."""
    entries = {key: value for part in metrics if part is not None for key, value in plain(part).items()}
    first = {key: entries[key] for key in FIRST_METRICS if key in entries}
    return first | entries


def table(collection: Collection) -> pd.DataFrame:
    """The rows of all sections, dataset by dataset; a section's columns stand after those that they follow there."""
    import pandas as pd  # loaded here: it takes a quarter of a second, and the page has no use for it

    rows = [row for results in collection.values() for row in _rows(results)]
    columns: list[str] = []
    for kind in dict.fromkeys(map(type, rows)):
        previous = -1
        for field in fields(kind):
            if field.name not in columns:
                columns.insert(previous + 1, field.name)
            previous = columns.index(field.name)
    return pd.DataFrame([asdict(row) for row in rows], columns=columns)


def _rows(results: DatasetResults) -> list[Any]:
    return [row for section in SECTIONS for row in section.rows(results)]

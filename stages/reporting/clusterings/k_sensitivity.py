"""The figure and the table on how much clusterings depend on their initial number of clusters."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from stages.plotting.k_sensitivity import Series, k_sensitivity
from stages.reporting.clusterings.published import PublishedClusterings
from stages.reporting.clusterings.records import KRow
from stages.reporting.clusterings.results import Clusterings
from stages.reporting.data.published import from_papers
from stages.reporting.data.results import Data
from stages.reporting.gathering import DatasetResults
from stages.reporting.kit.captions import caption
from stages.reporting.kit.pictures import Picture, picture
from stages.reporting.kit.tables import NOTHING, Table


def k_picture(results: DatasetResults) -> Picture | None:
    """NMI over k, published points beside ours, with the ceiling."""
    ours, data = _ours(results.of(Clusterings).k_sensitivity), results.of(Data)
    if not ours:
        return None
    ceiling = data.ceiling
    best = None if ceiling is None or ceiling.nmi_best_ties is None else ceiling.nmi_best_ties
    band = None if ceiling is None or best is None else (ceiling.nmi, best)
    figure = k_sensitivity(ours, _published(results), band, data.true_number)
    alt = "NMI over the initial number of clusters: " + "; ".join(
        f"{series.title} {float(series.mean.min()):.3f} to {float(series.mean.max()):.3f}" for series in ours.values()
    )
    return picture(figure, f"{results.name}-k-sensitivity", alt)


def k_table(results: DatasetResults) -> Table | None:
    """Mean NMI of each series, and its lowest, at each k, beside the published number."""
    rows = results.of(Clusterings).k_sensitivity
    if not rows:
        return None
    series, published = list(dict.fromkeys(row.series for row in rows)), _published(results)
    headings = ["k"]
    for name in series:
        headings += [caption("series", name), "published"] if name in published else [caption("series", name)]
    cells = {(row.k, row.series): f"{row.nmi_mean:.3f} ({row.nmi_min:.3f})" for row in rows}
    body = []
    for k in sorted({k for k, _ in cells}):
        line = [str(k)]
        for name in series:
            line += [cells.get((k, name), NOTHING), *([_point(published[name], k)] if name in published else [])]
        body.append(line)
    return Table(headings, body)


def _point(series: Series, k: int) -> str:
    return f"{series.mean[list(series.k).index(k)]:.3f}" if k in series.k else NOTHING


def _ours(rows: Sequence[KRow]) -> dict[str, Series]:
    series: dict[str, list[KRow]] = {}
    for row in rows:
        series.setdefault(row.series, []).append(row)
    return {
        name: Series(
            caption("series", name),
            [row.k for row in points],
            np.array([row.nmi_mean for row in points]),
            np.array([row.nmi_std for row in points]),
        )
        for name, points in series.items()
    }


def _published(results: DatasetResults) -> dict[str, Series]:
    printed = from_papers(results, PublishedClusterings).k_sensitivity
    return {
        name: Series(
            caption("series", name), [int(k) for k in printed["k"]], np.array(values), np.full(len(values), np.nan)
        )
        for name, values in printed.items()
        if name != "k"
    }

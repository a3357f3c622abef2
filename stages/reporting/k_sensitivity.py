"""The figure and the table on how much clusterings depend on their initial number of clusters."""

from __future__ import annotations

import numpy as np

from stages.plotting.k_sensitivity import Series, k_sensitivity
from stages.reporting.clusterings import ceiling_of
from stages.reporting.inputs import DatasetResults
from stages.reporting.names import caption
from stages.reporting.num_clusters import true_number
from stages.reporting.pictures import Picture, picture
from stages.reporting.published import published
from stages.reporting.tables import Table


def k_picture(results: DatasetResults) -> Picture | None:
    """NMI over k, published points beside ours, with the ceiling."""
    if not results.k_sensitivity:
        return None
    ours = {key: _series(results, key) for key in dict.fromkeys(row["series"] for row in results.k_sensitivity)}
    ceiling = ceiling_of(results)
    band = None if ceiling is None else (ceiling["nmi"], ceiling["nmi_best_ties"])
    figure = k_sensitivity(ours, _published(results), band, true_number(results))
    alt = "NMI over the initial number of clusters: " + "; ".join(
        f"{one.title} {float(one.mean.min()):.3f} to {float(one.mean.max()):.3f}" for one in ours.values()
    )
    return picture(figure, f"{results.name}-k-sensitivity", alt)


def k_table(results: DatasetResults) -> Table | None:
    """Mean NMI of each series, and its lowest, at each k, beside the published number."""
    if not results.k_sensitivity:
        return None
    series = list(dict.fromkeys(row["series"] for row in results.k_sensitivity))
    theirs = _published(results)
    headings = ["k"]
    for key in series:
        headings += [caption("series", key), "published"] if key in theirs else [caption("series", key)]
    cells = {(int(row["k"]), row["series"]): _cell(row) for row in results.k_sensitivity}
    rows = []
    for k in sorted({k for k, _ in cells}):
        line = [str(k)]
        for key in series:
            line.append(cells.get((k, key), "–"))
            if key in theirs:
                line.append(_point(theirs[key], k))
        rows.append(line)
    return Table(headings, rows)


def _cell(row: dict[str, str]) -> str:
    return f"{float(row['nmi_mean']):.3f} ({float(row['nmi_min']):.3f})"


def _point(series: Series, k: int) -> str:
    return f"{series.mean[list(series.k).index(k)]:.3f}" if k in series.k else "–"


def _series(results: DatasetResults, key: str) -> Series:
    rows = [row for row in results.k_sensitivity if row["series"] == key]
    mean, std = (np.array([float(row[f"nmi_{name}"]) for row in rows]) for name in ("mean", "std"))
    return Series(caption("series", key), [int(row["k"]) for row in rows], mean, std)


def _published(results: DatasetResults) -> dict[str, Series]:
    told = published(results).get("k_sensitivity", {})
    return {
        key: Series(caption("series", key), told["k"], np.array(values), np.full(len(values), np.nan))
        for key, values in told.items()
        if key != "k"
    }

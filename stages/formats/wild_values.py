"""Numbers that are finite and yet hardly meant: far from all others of their column, or too large or small to square.

How far is far goes by each column's own values, so units do not matter.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from stages.datasets.episodes import EpisodeDataset
from stages.formats.report import Report
from stages.formats.row_search import rows_where

# The square of a larger number is infinite in float32.
LARGEST = 1.8e19
# The square of a smaller number is 0 in float32.
SMALLEST = 1.1e-19
# Beyond so many widths of the middle 99 % of a column's values, outside of it.
WIDTHS = 10.0
OUTSIDE = 0.005
# Columns that are mostly one number: so many times what the others of its numbers are away from that.
TIMES = 100.0
SAMPLE = 10_000
FEWEST, SHOWN = 20, 3
COLUMNS = ("observations", "actions", "rewards", "costs")


def wild_values(dataset: EpisodeDataset, report: Report) -> None:
    """Errors about numbers that are too large, notes with row and column about those that are far from all others."""
    for name in (*COLUMNS, "next_observations"):
        values = getattr(dataset, name)
        if values is None or values.dtype != np.float32:
            continue
        rows = rows_where(lambda rows, values=values: np.abs(values[rows]) > LARGEST, len(values))
        if len(rows):
            cause = f"up to {np.abs(values[rows]).max():.2g}, whose square is infinite in float32, in row {rows[0]}"
            more = f" and {len(rows) - 1:,} more" if len(rows) > 1 else ""
            report.error("absurd", cause + more, name, "Leave such episodes out, or store it in larger units")
        elif 0 < (largest := float(max(values.max(), -values.min()))) < SMALLEST:
            cause = f"no number is larger than {largest:.2g}, whose square is 0 in float32"
            report.error("absurd", cause, name, "Store it in smaller units")
        elif name in COLUMNS:
            _far(values.reshape(len(values), -1), name, report)


def _far(values: Float[np.ndarray, "rows columns"], name: str, report: Report) -> None:
    low, high = usual_range(values[:: -(-len(values) // SAMPLE)])
    rows = rows_where(lambda rows: (values[rows] < low) | (values[rows] > high), len(values))
    outside = (values[rows] < low) | (values[rows] > high)
    columns = np.flatnonzero(outside.any(axis=0))
    for column in columns[:SHOWN]:
        found = rows[outside[:, column]]
        where = f"column {column}, row {found[0]}" if values.shape[1] > 1 else f"row {found[0]}"
        count = f" and {len(found) - 1:,} more rows" if len(found) > 1 else ""
        rest = np.delete(values[:, column], found)
        cause = f"{values[found[0], column]:.6g}{count}, all others lie between {rest.min():.4g} and {rest.max():.4g}"
        others = (
            f"; {len(columns) - SHOWN} more columns" if column == columns[:SHOWN][-1] and len(columns) > SHOWN else ""
        )
        report.note("wild-value", cause + others, f"{name}, {where}", "Leave that episode out if it is a slip")


def usual_range(
    sample: Float[np.ndarray, "rows columns"],
) -> tuple[Float[np.ndarray, "columns"], Float[np.ndarray, "columns"]]:
    """Bounds, far outside of what is usual in each column; infinite where there is too little to tell."""
    rows, columns = sample.shape
    nowhere = np.full(columns, np.inf)
    if rows < FEWEST:
        return -nowhere, nowhere
    aside = max(OUTSIDE, 3 / rows)
    values = np.sort(sample.astype(np.float64), axis=0)
    low, middle, high = values[int(aside * rows)], values[rows // 2], values[rows - 1 - int(aside * rows)]
    width = WIDTHS * (high - low)
    for column in np.flatnonzero(width == 0):
        away = np.abs(sample[:, column] - middle[column])
        away = away[away > 0]
        width[column] = TIMES * np.median(away) if len(away) >= FEWEST / 2 else np.inf
    return low - width, high + width

"""Finding the few rows of large arrays that a rule is about, some rows at a time: no temporaries of full size."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped

# Rows that fit the processor's cache: 16,384 rows of 17 float32 are 1.1 MB.
CHUNK = 2**14
SAMPLE = 10_000
# Rounding is less than this share of a column's width (texts of five digits) and of a number's size (float32).
OF_WIDTH, OF_SIZE = np.float32(1e-4), np.float32(1e-6)


def rows_where(found: Callable[[slice], Bool[np.ndarray, "rows ..."]], num_rows: int) -> Int[np.ndarray, "rows_found"]:
    """The rows for which any entry of ``found(rows)`` is true, in order."""
    hits = [np.zeros(0, dtype=np.int64)]
    for start in range(0, num_rows, CHUNK):
        flags = found(slice(start, min(start + CHUNK, num_rows)))
        if flags.any():
            hits.append(start + np.unique(np.flatnonzero(flags) // (flags.size // len(flags))))
    return np.concatenate(hits)


def differing_rows(
    first: Shaped[np.ndarray, "rows ..."], second: Shaped[np.ndarray, "rows ..."]
) -> Int[np.ndarray, "rows_found"]:
    """The rows in which two arrays are not equal."""
    return rows_where(lambda rows: first[rows] != second[rows], len(first))


def parted_rows(
    first: Float[np.ndarray, "rows columns"], second: Float[np.ndarray, "rows columns"]
) -> Int[np.ndarray, "rows_found"]:
    """The rows in which two arrays of the same quantity differ by more than rounding, be it that of numbers in a text.

    Columns are compared by the width of the middle 90 % of their values, so that units do not matter.
    """
    if not len(second):
        return np.zeros(0, dtype=np.int64)
    sample = second[:: -(-len(second) // SAMPLE)].astype(np.float64)
    sample = sample[np.isfinite(sample).all(axis=1)]
    low, high = np.quantile(sample, [0.05, 0.95], axis=0) if len(sample) else np.zeros((2, second.shape[1]))
    tolerance = (OF_WIDTH * (high - low)).astype(np.float32)
    with np.errstate(invalid="ignore", over="ignore"):
        return rows_where(
            lambda rows: ~(np.abs(first[rows] - second[rows]) <= tolerance + OF_SIZE * np.abs(second[rows])), len(first)
        )


def rows_not_finite(values: Shaped[np.ndarray, "rows ..."]) -> Int[np.ndarray, "rows_found"]:
    """The rows with NaN or infinite numbers."""
    return rows_where(lambda rows: ~np.isfinite(values[rows]), len(values))

"""Columns that float32 cannot hold: a clock in seconds since 1970, a position far from the origin.

Such a column's numbers differ by less than float32 tells apart at their size, so most of them become equal.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float, Shaped

from stages.formats.meaning import Meaning
from stages.formats.report import Report

# Rounding is a loss where it is more than this share of the column's spread: a thousand steps between its values.
LOSS = 1e-3
# What spreads by less than this share of its size is noise of 64-bit arithmetic around a constant; not so integers.
NOISE = 1e-10
# Large arrays are looked at in blocks, so that they are not held twice.
BLOCKS, BLOCK = 20, 1000
WIDER = ("float64", "float128", "longdouble", "int32", "uint32", "int64", "uint64")


def check_precision(stored: Any, key: str, meaning: Meaning, report: Report) -> None:
    """Tell which columns of an array, stored in a wider type, lose what they say as float32: (N, c) or (N,).

    An error where the user can say what to do (observations, actions), otherwise a note; also a note for columns that
    `meaning` gives an offset.
    """
    if str(stored.dtype.newbyteorder("=")) not in WIDER or len(stored) == 0:
        return
    sample = _sample(stored)
    if key == "observations":
        sample = sample.reshape(len(sample), -1)
    for column, (before, after, offset) in lost(sample, NOISE if stored.dtype.kind == "f" else 0.0).items():
        if (key == "observations" and column in meaning.leave_out) or meaning.offsets.get(column):
            continue
        cause = f"column {column}: of {before:,} different numbers float32 keeps {after:,}"
        if key not in ("observations", "actions") or column in meaning.offsets:
            report.note("precision", cause if key in ("observations", "actions") else cause.partition(": ")[2], key)
        elif key == "actions":
            report.error("precision", cause, key, f"Subtract {offset} before storing them")
        else:
            remedy = f"Use the setting offsets: {{{column}: {offset}}} to keep it, less that, or leave_out: [{column}]"
            report.error("precision", cause, key, f"{remedy} if nothing depends on it, such as a clock")


def lost(values: Shaped[np.ndarray, "rows columns"], noise: float = NOISE) -> dict[int, tuple[int, int, str]]:
    """Columns that float32 cannot hold: how many different numbers they have, how many are left, what to subtract.

    Columns that spread by less than the share `noise` of their size are constant.
    """
    found = {}
    with np.errstate(over="ignore", invalid="ignore"):
        rounded = values.astype(np.float32).astype(values.dtype)
        # In units of each column's largest number, since squares of tiny ones would be 0.
        unit = np.abs(values).max(axis=0)
        unit = np.where((unit > 0) & np.isfinite(unit), unit, 1.0)
        values, rounded = values / unit, rounded / unit
        error = np.sqrt(np.mean((values - rounded) ** 2, axis=0))
        low, centre, high = np.quantile(values, [0.01, 0.5, 0.99], axis=0)  # A slip or two does not count.
        spread = (high - low) / 4
        spread = np.where(spread > 0, spread, values.std(axis=0))
        suspects = np.flatnonzero((error > LOSS * spread) & (spread > noise * np.abs(centre)) & np.isfinite(error))
    for column in suspects:
        before, after = len(np.unique(values[:, column])), len(np.unique(rounded[:, column]))
        if after < before:
            middle, step = (float(value[column] * unit[column]) for value in (centre, spread))
            found[int(column)] = before, after, _round(middle, 1000 * step)
    return found


def shifted(values: Shaped[np.ndarray, "rows columns"], meaning: Meaning) -> Float[np.ndarray, "rows kept"]:
    """Observations in float32, less the offsets, without the columns to leave out.

    Raises:
        IndexError: `meaning` speaks of a column that is not there.
    """
    for column in (*meaning.offsets, *meaning.leave_out):
        if not 0 <= column < values.shape[1]:
            raise IndexError(column)
    kept = np.delete(values, meaning.leave_out, axis=1)
    if any(meaning.offsets.values()):
        offsets = np.zeros(values.shape[1])
        offsets[list(meaning.offsets)] = list(meaning.offsets.values())
        kept = kept - np.delete(offsets, meaning.leave_out)
    return kept.astype(np.float32)


def _sample(stored: Any) -> Shaped[np.ndarray, "rows columns"]:
    if len(stored) <= BLOCKS * BLOCK:
        values = np.asarray(stored[()])
    else:
        starts = np.linspace(0, len(stored) - BLOCK, BLOCKS).astype(int)
        values = np.concatenate([stored[start : start + BLOCK] for start in starts])
    return values.reshape(len(values), -1).astype(np.longdouble if values.dtype.itemsize > 8 else np.float64)


def _round(number: float, tolerance: float) -> str:
    """The shortest decimal number within `tolerance`."""
    texts = (f"{number:.{digits}g}" for digits in range(1, 17))
    return next((text for text in texts if abs(float(text) - number) <= tolerance), repr(number))

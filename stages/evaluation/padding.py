"""Arrays of unequal length made equal, to be joined."""

from __future__ import annotations

import numpy as np


def padded(values: list[np.ndarray], axis: int) -> list[np.ndarray]:
    """The arrays, as long as the longest along every axis but `axis`; filled with NaN, -1 or False."""
    shape = np.max([value.shape for value in values], axis=0)
    filling = np.nan if values[0].dtype.kind == "f" else False if values[0].dtype.kind == "b" else -1
    widths = [[(0, 0 if a == axis else shape[a] - value.shape[a]) for a in range(value.ndim)] for value in values]
    return [np.pad(value, width, constant_values=filling) for value, width in zip(values, widths, strict=True)]

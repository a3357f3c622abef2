"""What columns are divided by, so that networks see numbers around one whatever the units.

How small a spread counts as none goes by the column's own size and by the other columns, so units change no result.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

# Spread, relative to the column's numbers or to the largest spread of all, up to which it is rounding.
ROUNDING = 1e-6
# What columns that never vary are divided by, relative to the largest spread: should they move later, it is seen.
STILL = 1e-3


def scales(spread: Float[np.ndarray, "columns"], centre: Float[np.ndarray, "columns"]) -> Float[np.ndarray, "columns"]:
    """The spread of each column; a thousandth of the largest for those that do not vary (0.001 if none does).

    Args:
        spread: Standard deviation, or half the range, of each column.
        centre: What its numbers lie around.
    """
    largest = spread.max(initial=0.0)
    constant = spread <= ROUNDING * np.maximum(np.abs(centre), largest)
    return np.where(constant, STILL * (largest or 1.0), spread)

"""Which rows a cloned policy does not see, so that it can be judged by them: whole episodes, in several splits.

A split is what one policy leaves out. The splits of a seed have no episode in common, so that together they judge by as
many episodes as can be.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Int

from stages.seeding import generator


def split_rows(
    seed: int, rows: Int[np.ndarray, "rows"], episode: Int[np.ndarray, "rows"], share: float, num_splits: int
) -> list[Int[np.ndarray, "_"]]:
    """The rows that each split leaves out.

    Of a single episode, pieces one after the other are left out instead of episodes.

    Args:
        seed: Seed of the choice.
        rows: Numbers of the rows that there are, in the order of their steps.
        episode: The episode of each of them.
        share: Of the episodes, left out by each split: at least one, and never so many that the splits would meet or
            that nothing would be left.
        num_splits: Splits asked for; fewer where there are fewer episodes.
    """
    units = np.unique(episode, return_inverse=True)[1]
    if units.max(initial=0) == 0:
        units = np.arange(len(rows)) * round(1 / share) // max(len(rows), 1)
    count = int(units.max(initial=0)) + 1
    num_splits = min(num_splits, count)
    size = max(1, min(round(share * count), count // num_splits, count - 1))
    order = generator(seed, "held-out episodes").permutation(count)
    return [rows[np.isin(units, order[split * size : (split + 1) * size])] for split in range(num_splits)]

"""Points of a latent space at which a policy is looked at: on lines between levels, and beside a level along each axis.

Levels are where their episodes' embeddings lie in the mean. Embeddings are in units of the training episodes, so a step
of 1 along a dimension is one standard deviation of these.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor


@dataclass(frozen=True)
class Point:
    """A point, told by the levels' means.

    Attributes:
        level: The level that it is reckoned from.
        at: The share of the way to `other`; or the standard deviations that `dimension` is moved by.
        other: The level at the end of the line; None beside a level.
        dimension: The one that is moved; None on a line, and at the level itself.
    """

    level: int
    at: float
    other: int | None = None
    dimension: int | None = None

    def vector(self, means: Float[Tensor, "seeds levels width"]) -> Float[Tensor, "seeds width"]:
        """Where it lies for each seed."""
        found = means[:, self.level].clone()
        if self.other is not None:
            found += self.at * (means[:, self.other] - found)
        if self.dimension is not None:
            found[:, self.dimension] += self.at
        return found


def level_means(
    vectors: Float[Tensor, "seeds episodes width"], levels: Int[Tensor, "episodes"]
) -> Float[Tensor, "seeds levels width"]:
    """The mean embedding of each level's episodes; every level has some."""
    return torch.stack([vectors[:, levels == level].mean(1) for level in range(int(levels.max()) + 1)], dim=1)


def on_lines(order: Sequence[int], count: int) -> list[Point]:
    """`count` points from each level to the next, and, where there are more than two, from the first to the last.

    Args:
        order: The levels.
        count: Points of a line, its ends among them.
    """
    pairs = list(pairwise(order))
    if len(order) > 2:
        pairs.append((order[0], order[-1]))
    return [Point(start, float(at), other=end) for start, end in pairs for at in np.linspace(0, 1, count)]


def beside(level: int, width: int, offsets: Sequence[float]) -> list[Point]:
    """A level's mean, then it with each of `width` dimensions moved by each of the `offsets`."""
    moved = [Point(level, at, dimension=dimension) for dimension in range(width) for at in offsets]
    return [Point(level, 0.0), *moved]

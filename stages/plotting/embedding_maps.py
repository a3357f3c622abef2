"""Episodes as points in the plane of an embedding, coloured by level and by return."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from stages.plotting import style

SIZE = 9.0
WIDEST = 30  # letters of a title


@dataclass(frozen=True)
class EmbeddingMap:
    """One embedding of some episodes: where they lie, and the level and return of each.

    `share` is that of the variance which the plane shows.
    """

    title: str
    share: float
    points: Float[np.ndarray, "episodes 2"]
    levels: Int[np.ndarray, "episodes"]
    returns: Float[np.ndarray, "episodes"]


def embedding_maps(maps: Sequence[EmbeddingMap], levels: Sequence[str]) -> Figure:
    """A pair of panels for each embedding, two pairs to a row.

    Args:
        maps: The embeddings, of the same episodes.
        levels: Names of the levels.
    """
    with style.styled():
        figure, grid = style.panels(2 * len(maps), 4, width=2.3, height=2.2)
        for shown, by_level, by_return in zip(maps, grid[::2], grid[1::2], strict=True):
            for level in np.unique(shown.levels):
                chosen = shown.points[shown.levels == level]
                by_level.scatter(*chosen.T, s=SIZE, c=style.colour(int(level)), linewidths=0, label=levels[level])
            by_return.scatter(*shown.points.T, s=SIZE, c=shown.returns, cmap="viridis", linewidths=0)
            low, high = (style.number(float(value)) for value in (shown.returns.min(), shown.returns.max()))
            _without_scale(by_level, textwrap.fill(shown.title, WIDEST))
            by_level.set_xlabel(f"{shown.share:.0%} of the variance", fontsize=7)
            _without_scale(by_return, f"returns {low} to {high}")
        grid[0].legend(fontsize=7, handletextpad=0.1, borderaxespad=0.1)
    return figure


def _without_scale(axes: Axes, title: str) -> None:
    """Principal components have no unit worth printing."""
    axes.set_title(title, fontsize=8)
    axes.set(xticks=[], yticks=[])

"""Episodes on a gridworld: how often cells are visited and what is done there, and the ways of single episodes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.patches import Rectangle

from stages.plotting import style
from stages.plotting.paths import without_padding

ARROWS = "↑↓←→·"
RARE = 0.01  # of the visits to the busiest cell
APART = 0.36  # cells over which episodes are spread, so that they do not hide one another


@dataclass(frozen=True)
class Visits:
    """Steps spent in each cell of a grid, borders included, by the action chosen there."""

    counts: Int[np.ndarray, "size size actions"]

    @property
    def size(self) -> int:
        return len(self.counts)


def draw_visits(axes: Axes, visits: Visits, shade: str) -> None:
    """Cells shaded by visits, with the arrow of the most frequent action, the fainter the less often it is chosen."""
    _border(axes, visits.size)
    total = visits.counts.sum(axis=2)
    busiest = max(int(total.max()), 1)
    for row, column in np.argwhere(total > 0):
        share = float(total[row, column] / busiest)
        corner = (column - 0.5, row - 0.5)
        axes.add_patch(
            Rectangle(
                corner, 1, 1, facecolor=shade, alpha=round(0.06 + 0.6 * share**0.5, 2), edgecolor="none", clip_on=False
            )
        )
        actions = visits.counts[row, column]
        if share >= RARE and len(actions) == len(ARROWS):
            axes.text(
                column, row, ARROWS[int(actions.argmax())], ha="center", va="center", fontsize=9,
                color=style.INK, alpha=round(float(actions.max() / actions.sum()), 1),
            )  # fmt: skip
    axes.set_title("visits, usual action", fontsize=9)


def draw_walks(axes: Axes, walks: Float[np.ndarray, "shown steps 2"], size: int, shade: str) -> None:
    """Ways of single episodes, slightly apart; dots are where they end."""
    _border(axes, size)
    apart = np.linspace(-APART, APART, len(walks)) if len(walks) > 1 else np.zeros(1)
    lines = [without_padding(walk)[:, ::-1] + shift for walk, shift in zip(walks, apart, strict=True)]
    axes.add_collection(
        LineCollection(lines, colors=shade, linewidths=1.1, alpha=0.75, capstyle="round", joinstyle="round")
    )
    if lines:
        axes.plot(*np.array([line[-1] for line in lines]).T, "o", color=shade, markersize=2.5, markeredgewidth=0)
    axes.set_title("sample episodes", fontsize=9)


def _border(axes: Axes, size: int) -> None:
    """The free cells inside the wall; row 0 is at the top."""
    inside = Rectangle(
        (0.5, 0.5), size - 2, size - 2, facecolor=style.SHADE, edgecolor=style.RULE, linewidth=1, zorder=0
    )
    axes.add_patch(inside)
    axes.set(xlim=(0.4, size - 1.4), ylim=(size - 1.4, 0.4), aspect="equal", xticks=[], yticks=[])
    axes.spines[["left", "bottom"]].set_visible(False)

"""Returns of policies that are told points on lines between levels' embeddings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from stages.plotting import style


@dataclass(frozen=True)
class LatentLine:
    """One way through the latent space.

    Attributes:
        title: Where it leads.
        places: Of its points on the axis on which level i lies at i, ascending.
        returns: Mean return of each seed at each point.
    """

    title: str
    places: Float[np.ndarray, "points"]
    returns: Float[np.ndarray, "seeds points"]


def latent_lines(panels: Mapping[str, Sequence[LatentLine]], levels: Mapping[str, float]) -> Figure:
    """A panel for each imitator: seeds as faint lines, their mean as a strong one, the levels' own returns as diamonds.

    Args:
        panels: Lines by the imitator's name.
        levels: Mean return of each level's episodes, in the order of the axis.
    """
    with style.styled():
        figure, grid = style.panels(len(panels), 3, width=3.2, height=2.6)
        for axes, (title, lines) in zip(grid, panels.items(), strict=True):
            for index, line in enumerate(lines):
                _draw(axes, line, style.colour(index))
            places, earned = range(len(levels)), list(levels.values())
            axes.plot(places, earned, "D", color=style.INK, markersize=5, label="the level’s episodes", zorder=2)
            axes.set_title(title)
            axes.set_xticks(range(len(levels)), list(levels))
            axes.grid(axis="y")
            axes.set_axisbelow(True)
        grid[0].set_ylabel("return")
        handles, titles = grid[0].get_legend_handles_labels()
        figure.legend(handles, titles, loc="outside lower center", ncols=2, fontsize=8, labelcolor=style.INK)
    return figure


def _draw(axes: Axes, line: LatentLine, shade: str) -> None:
    axes.plot(line.places, line.returns.T, "-", color=shade, linewidth=0.8, alpha=0.35, zorder=3)
    mean = line.returns.mean(axis=0)
    axes.plot(line.places, mean, "o-", color=shade, markersize=4, linewidth=1.5, label=line.title, zorder=4)

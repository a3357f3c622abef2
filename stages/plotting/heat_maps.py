"""Small matrices as shaded cells with their numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from stages.plotting import style

MOST_NUMBERS = 10  # rows and columns, beyond which cells are too small for numbers
DARK = 0.6


@dataclass(frozen=True)
class HeatMap:
    """One matrix.

    Attributes:
        title: What it shows.
        values: NaN where nothing is known; those below 0 are shaded in another colour.
        rows: Names of the rows.
        columns: Names of the columns.
        largest: Value of the darkest shade; None: the largest there is, whatever its sign.
        percent: Whether numbers are shares, printed as percent.
        digits: After the point of numbers; None: two below 10.
    """

    title: str
    values: Float[np.ndarray, "rows columns"]
    rows: Sequence[str]
    columns: Sequence[str]
    largest: float | None = None
    percent: bool = False
    digits: int | None = None


def heat_maps(maps: Sequence[HeatMap]) -> Figure:
    """The matrices side by side, four to a row."""
    tallest = max(len(shown.rows) for shown in maps)
    with style.styled():
        figure, grid = style.panels(len(maps), 4, width=2.3, height=min(3.2, 1.2 + 0.3 * tallest))
        for axes, shown in zip(grid, maps, strict=True):
            _draw(axes, shown)
    return figure


def _draw(axes: Axes, shown: HeatMap) -> None:
    rows, columns = shown.values.shape
    finite = shown.values[np.isfinite(shown.values)]
    largest = float(np.abs(finite).max(initial=0.0)) if shown.largest is None else shown.largest
    numbered = max(rows, columns) <= MOST_NUMBERS
    for row in range(rows):
        for column in range(columns):
            value = float(shown.values[row, column])
            shade = 1.0 if value == np.inf else value / largest if largest and np.isfinite(value) else 0.0
            _cell(axes, row, column, shade, _text(value, shown) if numbered else "")
    axes.set(xlim=(-0.5, columns - 0.5), ylim=(rows - 0.5, -0.5))
    axes.set_title(shown.title, fontsize=9)
    steep = columns * max(map(len, shown.columns)) > 16
    axes.set_xticks(
        range(columns), shown.columns, rotation=35 if steep else 0, ha="right" if steep else "center", fontsize=7.5
    )
    axes.set_yticks(range(rows), shown.rows, fontsize=7.5)
    axes.tick_params(length=0)
    axes.spines[["left", "bottom"]].set_visible(False)


def _cell(axes: Axes, row: int, column: int, shade: float, text: str) -> None:
    corner = (column - 0.48, row - 0.48)
    axes.add_patch(Rectangle(corner, 0.96, 0.96, facecolor=style.SHADE, edgecolor="none", clip_on=False, zorder=1))
    if shade != 0:
        axes.add_patch(
            Rectangle(
                corner,
                0.96,
                0.96,
                facecolor=style.SERIES[0 if shade > 0 else 1],
                alpha=min(1.0, abs(shade)),
                edgecolor="none",
                clip_on=False,
                zorder=2,
            )
        )
    if text:
        colour = style.PAPER if abs(shade) > DARK else style.INK
        axes.text(column, row, text, ha="center", va="center_baseline", fontsize=7.5, color=colour, zorder=3)


def _text(value: float, shown: HeatMap) -> str:
    if np.isnan(value):
        return ""
    if np.isinf(value):
        return "∞"
    if shown.percent:
        return f"{100 * value:.0f}" if value == 0 or value >= 0.01 else "<1"
    digits = (2 if abs(value) < 10 else 0) if shown.digits is None else shown.digits
    return style.number(round(value, digits) + 0.0, digits)

"""Time and memory of clustering methods against the size of the data and the number of clusters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from stages.plotting import style

MARKERS = "os^Dvp"  # change with each turn of the colours, which repeat


@dataclass(frozen=True)
class Panel:
    """One plot of a quantity against another; lines by method, as (x, y) points in order of x."""

    x: str
    y: str
    lines: Mapping[str, Sequence[tuple[float, float]]]


def clustering_cost(panels: Sequence[Panel]) -> Figure:
    """Panels two to a row, both axes logarithmic; a method has one colour in all."""
    names = list(dict.fromkeys(name for panel in panels for name in panel.lines))
    with style.styled():
        figure, grid = style.panels(len(panels), 2, width=4.3, height=2.8)
        for axes, panel in zip(grid, panels, strict=True):
            for name, points in panel.lines.items():
                index = names.index(name)
                marker = MARKERS[index // len(style.SERIES) % len(MARKERS)]
                x, y = zip(*points, strict=True)
                axes.plot(x, y, marker=marker, color=style.colour(index), markersize=4, linewidth=1.2, label=name)
            _scale(axes, panel)
        shown = {line.get_label(): line for axes in grid for line in axes.get_lines()}
        figure.legend(
            [shown[name] for name in names],
            names,
            loc="outside lower center",
            ncols=4,
            fontsize=8,
            labelcolor=style.INK,
        )
    return figure


def _scale(axes: Axes, panel: Panel) -> None:
    axes.set(xscale="log", yscale="log", xlabel=panel.x, ylabel=panel.y)
    values = sorted({x for points in panel.lines.values() for x, _ in points})
    if len(values) <= 6:
        axes.set_xticks(values, [style.number(value) for value in values])
        axes.set_xticks([], minor=True)
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5), numticks=6))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.6g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.grid(axis="y")

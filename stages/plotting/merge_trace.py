"""The criterion by which the number of clusters is chosen, over that number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from stages.plotting import style

FEW = 12  # clusters, at least so many are shown
WIDE = 30  # how many times larger than the smallest the largest loss is, on a logarithmic scale


@dataclass(frozen=True)
class Trace:
    """Merges of one method: number of clusters and criterion along them, NaN where a seed merged no further."""

    title: str
    num_clusters: Float[np.ndarray, "seeds merges"]
    criterion: Float[np.ndarray, "seeds merges"]
    chosen: Int[np.ndarray, "seeds"]


def merge_trace(traces: Sequence[Trace], true_number: int | None) -> Figure:
    """A panel per method with a line per seed; dots are what was chosen, the dashed line is the true number.

    Small losses decide and large ones are a thousand times larger, so the scale is logarithmic but for the smallest.
    """
    with style.styled():
        figure, grid = style.panels(len(traces), 3, width=3.6, height=2.7)
        for axes, trace in zip(grid, traces, strict=True):
            _draw(axes, trace, max(FEW, 2 * int(trace.chosen.max()), 2 * (true_number or 0)))
            if true_number is not None:
                axes.axvline(true_number, color=style.INK, linewidth=0.9, linestyle=(0, (4, 3)), zorder=1)
                axes.annotate(
                    f"true {true_number}", (true_number, 1), xycoords=("data", "axes fraction"),
                    xytext=(4, -2), textcoords="offset points", va="top", fontsize=8, color=style.INK,
                )  # fmt: skip
            axes.set(title=trace.title, xlabel="clusters", ylabel="criterion, against its best")
            axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
            axes.grid(axis="y")
    return figure


def _draw(axes: Axes, trace: Trace, most: int) -> None:
    """The part of the trace up to `most` clusters, where it is decided."""
    best = np.nanmax(np.where(np.isfinite(trace.criterion), trace.criterion, np.nan), axis=1, keepdims=True)
    losses = np.where(trace.num_clusters <= most, trace.criterion - best, np.nan)
    for number, loss, chosen in zip(trace.num_clusters, losses, trace.chosen, strict=True):
        finite = np.flatnonzero(np.isfinite(loss) & np.isfinite(number))
        line, height = number[finite], loss[finite]
        axes.plot(line, height, "-", color=style.SERIES[0], linewidth=1, alpha=0.6, zorder=2)
        at = line == chosen
        axes.plot(line[at], height[at], "o", color=style.SERIES[1], markersize=5, markeredgecolor=style.PAPER, zorder=3)
    smallest, largest = (
        function(-losses[losses < 0], initial=edge) for function, edge in ((np.min, np.inf), (np.max, 0.0))
    )
    if np.isfinite(smallest) and largest > WIDE * smallest:
        scale = 10.0 ** np.floor(np.log10(smallest))
        decades = np.arange(0, np.log10(largest / scale) + 1)
        axes.set_yscale("symlog", linthresh=scale)
        axes.set_yticks([0, *(-scale * 10 ** decades[:: max(1, len(decades) // 4)])])
        axes.set_yticks([], minor=True)
        axes.yaxis.set_major_formatter(FuncFormatter(_short))
        axes.set_ylim(-1.6 * largest, 0.6 * scale)
    else:
        axes.yaxis.set_major_locator(MaxNLocator(4))


def _short(value: float, _position: int | None = None) -> str:
    """A tick's number: ``2k``, ``10``, ``0.1``."""
    text = f"{value / 1000:g}k" if abs(value) >= 1000 else f"{value:g}"
    return FuncFormatter.fix_minus(text)

"""Return against the number of improvement epochs, full-batch beside mini-batch (EMPO, Figure 4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from stages.evaluation.statistics import Interval
from stages.plotting import style


def improvement_epochs(curves: Mapping[str, Sequence[tuple[int, Interval]]], unit: str) -> Figure:
    """One curve per kind of gradient, with its interval as a band and its name at the end.

    Args:
        curves: By name: (epochs, interval of the score over seeds), in any order.
        unit: What the vertical axis shows.
    """
    with style.styled():
        figure, (axes,) = style.panels(1, 1, width=5.4, height=3.1)
        for index, (name, points) in enumerate(curves.items()):
            epochs, intervals = zip(*sorted(points, key=lambda point: point[0]), strict=True)
            shade = style.colour(index)
            low, high = [interval.low for interval in intervals], [interval.high for interval in intervals]
            axes.fill_between(epochs, low, high, color=shade, alpha=0.18, linewidth=0)
            axes.plot(
                epochs, [interval.value for interval in intervals], "o-", color=shade, markersize=4.5, linewidth=1.5
            )
            end = (epochs[-1], intervals[-1].value)
            axes.annotate(
                name,
                end,
                xytext=(8, 0),
                textcoords="offset points",
                va="center",
                color=shade,
                fontweight="bold",
                fontsize=8.5,
            )
        axes.set(xlabel="improvement epochs", ylabel=unit)
        axes.grid(axis="y")
    return figure

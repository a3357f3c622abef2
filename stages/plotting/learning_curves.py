"""Losses over training: the median over seeds and the range between the lowest and the highest."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, MaxNLocator

from stages.plotting import style

MOST_POINTS = 160


def learning_curves(
    losses: Mapping[str, tuple[np.ndarray, Float[np.ndarray, "records seeds"]]], columns: int = 4
) -> Figure:
    """One small panel per loss.

    Args:
        losses: By name: steps of the records, and the values of each seed.
        columns: Panels side by side.
    """
    with style.styled():
        figure, grid = style.panels(len(losses), columns, width=2.2, height=1.6)
        for axes, (name, (steps, values)) in zip(grid, losses.items(), strict=True):
            thin = np.unique(np.linspace(0, len(steps) - 1, min(len(steps), MOST_POINTS)).astype(int))
            steps, values = steps[thin], values[thin]
            axes.fill_between(
                steps, values.min(axis=1), values.max(axis=1), color=style.SERIES[0], alpha=0.22, linewidth=0
            )
            axes.plot(steps, np.median(values, axis=1), color=style.SERIES[0], linewidth=1.2)
            axes.set_title(name, fontsize=8.5)
            axes.xaxis.set_major_formatter(EngFormatter(sep=""))
            axes.xaxis.set_major_locator(MaxNLocator(3))
            axes.yaxis.set_major_locator(MaxNLocator(4))
            axes.grid(axis="y")
    return figure

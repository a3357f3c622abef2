"""The episodes of a dataset by behaviour: their returns, and their costs where there are some."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from stages.plotting import style

BINS = 40
MOST_POINTS = 1500


@dataclass(frozen=True)
class Recorded:
    """Returns and, where there are some, costs of one behaviour's episodes."""

    name: str
    returns: Float[np.ndarray, "episodes"]
    costs: Float[np.ndarray, "episodes"] | None


def contents(recorded: Sequence[Recorded]) -> Figure:
    """A histogram of returns per behaviour, one below the other; with costs, all episodes in the plane of both."""
    with style.styled():
        if recorded[0].costs is not None:
            figure = Figure(figsize=(6.4, 3.6), layout="constrained")
            _plane(figure.subplots(), recorded)
            return figure
        figure = Figure(figsize=(6.4, 0.75 + 0.55 * len(recorded)), layout="constrained")
        grid = figure.subplots(len(recorded), 1, sharex=True, squeeze=False)[:, 0]
        edges = np.histogram_bin_edges(np.concatenate([behaviour.returns for behaviour in recorded]), BINS)
        for index, (axes, behaviour) in enumerate(zip(grid, recorded, strict=True)):
            axes.stairs(np.histogram(behaviour.returns, edges)[0], edges, fill=True, color=style.colour(index))
            axes.set_yticks([])
            axes.spines["left"].set_visible(False)
            axes.set_ylabel(behaviour.name, rotation=0, ha="right", va="center")
            axes.xaxis.set_major_locator(MaxNLocator(6))
        grid[-1].set_xlabel("return of an episode")
    return figure


def _plane(axes: Axes, recorded: Sequence[Recorded]) -> None:
    """Every episode as a point, thinned evenly where there are very many."""
    for index, behaviour in enumerate(recorded):
        assert behaviour.costs is not None
        step = -(-len(behaviour.returns) // MOST_POINTS)
        points = {"s": 12, "alpha": 0.6, "color": style.colour(index), "linewidths": 0}
        axes.scatter(behaviour.costs[::step], behaviour.returns[::step], label=behaviour.name, **points)
    axes.set(xlabel="cost of an episode", ylabel="return of an episode")
    axes.grid(True)
    axes.set_axisbelow(True)
    if len(recorded) > 1:
        axes.legend(fontsize=8, ncols=2)

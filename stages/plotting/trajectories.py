"""Rollouts of every agent over the map, coloured by the cluster that acted (EMPO, Figures 3 and 5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from stages.plotting import navigation_map, style
from stages.plotting.navigation_map import NavigationMap
from stages.plotting.paths import runs, simplify, without_padding

SHORTEST_RUN = 4


@dataclass(frozen=True)
class Rollouts:
    """Paths of one agent.

    Attributes:
        title: Name of the agent.
        note: One line below the picture.
        paths: Positions, padded with NaN.
        choices: Cluster that acted, already matched between seeds; -1 where there is no choice.
    """

    title: str
    note: str
    paths: Float[np.ndarray, "rollouts steps 2"]
    choices: Int[np.ndarray, "rollouts steps"]


def trajectories(agents: Sequence[Rollouts], place: NavigationMap, columns: int = 3) -> Figure:
    """One map per agent with all its rollouts."""
    with style.styled():
        figure, grid = style.panels(len(agents), columns, width=2.9, height=3.4)
        for axes, agent in zip(grid, agents, strict=True):
            navigation_map.draw(axes, place)
            draw_paths(axes, agent.paths, agent.choices, place.tolerance)
            axes.set_title(agent.title, pad=6)
            axes.text(0, -0.045, agent.note, transform=axes.transAxes, va="top", fontsize=8, color=style.MUTED)
    return figure


def draw_paths(
    axes: Axes,
    paths: Float[np.ndarray, "rollouts steps 2"],
    choices: Int[np.ndarray, "rollouts steps"],
    tolerance: float,
) -> None:
    """Thin, partly transparent lines; one collection per cluster, grey where no cluster was chosen."""
    pieces: dict[int, list[np.ndarray]] = {}
    for padded, chosen in zip(paths, choices, strict=True):
        path = without_padding(padded)
        if len(path) < 2:
            continue
        for cluster, piece in runs(path, chosen[: len(path)].astype(np.int64), SHORTEST_RUN):
            if len(piece) > 1:
                pieces.setdefault(cluster, []).append(simplify(piece, tolerance))
    alpha = float(np.clip(12 / max(len(paths), 1), 0.18, 0.8))
    for cluster, lines in sorted(pieces.items()):
        shade = style.MUTED if cluster < 0 else style.colour(cluster)
        axes.add_collection(
            LineCollection(lines, colors=shade, linewidths=0.9, alpha=alpha, zorder=2, capstyle="round")
        )

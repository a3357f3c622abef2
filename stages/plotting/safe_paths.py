"""Rollouts of safe agents over the map: a row per agent, a column per cost limit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure

from stages.plotting import navigation_map, style
from stages.plotting.navigation_map import NavigationMap
from stages.plotting.trajectories import draw_paths

SIDE = 2.3  # inches per map


@dataclass(frozen=True)
class Walked:
    """Paths of one agent under one limit, padded with NaN, and one line to print below them."""

    paths: Float[np.ndarray, "rollouts steps 2"]
    note: str
    safe: bool


def safe_paths(
    agents: Sequence[tuple[str, Sequence[Walked | None]]], limits: Sequence[float], place: NavigationMap
) -> Figure:
    """Maps in a grid, None where an agent was not run under a limit; notes of the unsafe have the alert colour."""
    with style.styled():
        figure, grid = style.panels(len(agents) * len(limits), len(limits), width=SIDE, height=SIDE + 0.28)
        for index, axes in enumerate(grid):
            row, column = divmod(index, len(limits))
            title, walks = agents[row]
            walked = walks[column]
            if walked is None:
                axes.set_visible(False)
                continue
            navigation_map.draw(axes, place)
            draw_paths(axes, walked.paths, np.full(walked.paths.shape[:2], row), place.tolerance)
            axes.text(
                0, -0.03, walked.note, transform=axes.transAxes, va="top", fontsize=7.5,
                color=style.MUTED if walked.safe else style.ALERT,
            )  # fmt: skip
            axes.set_title(f"{title}, limit {limits[column]:g}", pad=4, fontsize=8.5)
    return figure

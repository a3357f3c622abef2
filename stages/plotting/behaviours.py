"""The behaviours in a dataset, one map each with some of its episodes and its subgoals (EMPO, Figure 1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure

from stages.plotting import navigation_map, style
from stages.plotting.navigation_map import NavigationMap
from stages.plotting.trajectories import draw_paths


@dataclass(frozen=True)
class Behaviour:
    """Episodes of one behaviour; `paths` are padded with NaN."""

    title: str
    note: str
    paths: Float[np.ndarray, "episodes steps 2"]


def behaviours(shown: Sequence[Behaviour], place: NavigationMap, columns: int = 3) -> Figure:
    """One map per behaviour, in the colour that stands for it in every other picture."""
    with style.styled():
        figure, grid = style.panels(len(shown), columns, width=2.9, height=3.25)
        for index, (axes, behaviour) in enumerate(zip(grid, shown, strict=True)):
            navigation_map.draw(axes, place)
            draw_paths(axes, behaviour.paths, np.full(behaviour.paths.shape[:2], index), place.tolerance)
            if index < len(place.subgoals):
                navigation_map.draw_subgoals(axes, place.subgoals[index], style.colour(index))
            axes.set_title(behaviour.title, pad=6)
            axes.text(0, -0.045, behaviour.note, transform=axes.transAxes, va="top", fontsize=8, color=style.MUTED)
    return figure

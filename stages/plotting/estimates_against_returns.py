"""What was estimated of agents against what they earned when they were rolled out: a dot for each agent and seed."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure

from stages.plotting import style

MARKERS = "osD^vP"  # beyond the palette's end colours repeat, with another marker


def estimates_against_returns(points: Mapping[str, Float[np.ndarray, "seeds 2"]], unit: str) -> Figure:
    """One cloud per agent.

    Args:
        points: By the agent's title: estimate and return of each seed.
        unit: What the horizontal axis shows.
    """
    with style.styled():
        figure, (axes,) = style.panels(1, 1, width=5.6, height=3.4)
        for index, (title, pairs) in enumerate(points.items()):
            marker = MARKERS[index // len(style.SERIES) % len(MARKERS)]
            axes.plot(
                *pairs.T, marker, label=title, color=style.colour(index), markersize=5, alpha=0.8, markeredgewidth=0
            )
        axes.set(xlabel=unit, ylabel="return of rollouts")
        axes.grid()
        axes.set_axisbelow(True)
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=8)
    return figure

"""Normalised reward and cost of safe agents against the cost limit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from stages.plotting import style
from stages.plotting.cost_reward import MARKERS

APART = 0.022  # between neighbouring agents, as a share of the axis
WIDE = 3.0  # normalised cost from which on the scale is logarithmic beyond 1


@dataclass(frozen=True)
class Curve:
    """Normalised reward and cost of one agent, by seed, under each of its limits."""

    title: str
    limits: Float[np.ndarray, "limits"]
    rewards: Float[np.ndarray, "seeds limits"]
    costs: Float[np.ndarray, "seeds limits"]


def limit_curves(curves: Sequence[Curve]) -> Figure:
    """Reward on the left, cost on the right; a point is the mean over seeds, its whisker their range.

    Agents are shifted a little against each other, so that equal ones can be seen.
    """
    limits = np.unique(np.concatenate([curve.limits for curve in curves]))
    with style.styled():
        figure = Figure(figsize=(9.0, 3.5), layout="constrained")
        left, right = figure.subplots(1, 2)
        span = float(limits[-1] - limits[0]) or 1.0
        for index, curve in enumerate(curves):
            at = curve.limits + APART * span * (index - (len(curves) - 1) / 2)
            _line(left, at, curve.rewards, index, curve.title)
            _line(right, at, curve.costs, index, curve.title)
        for axes, name in ((left, "normalised reward"), (right, "normalised cost")):
            axes.set(title=name, xlabel="cost limit", xticks=limits)
            axes.set_xticklabels([f"{limit:g}" for limit in limits])
            axes.grid(axis="y")
            axes.set_axisbelow(True)
        mark_safe(right)
        handles, titles = left.get_legend_handles_labels()
        figure.legend(handles, titles, loc="outside lower center", ncols=5, fontsize=8, labelcolor=style.INK)
    return figure


def mark_safe(axes: Axes) -> None:
    """The line between safe and unsafe costs, with what lies above it shaded; a broken scale for very large costs."""
    top = max(axes.get_ylim()[1], 1.2)
    axes.axhline(1, color=style.ALERT, linewidth=1, zorder=1)
    axes.axhspan(1, top * 1.02, color=style.ALERT, alpha=0.07, linewidth=0, zorder=0)
    if top > WIDE:
        axes.set_yscale("symlog", linthresh=1, linscale=0.8)
        ticks = [tick for tick in (0, 0.5, 1, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1000) if tick < top]
        axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
        axes.minorticks_off()
    axes.set_ylim(-0.05 if top > WIDE else min(0, axes.get_ylim()[0]), top * 1.02)


def _line(
    axes: Axes, at: Float[np.ndarray, "limits"], values: Float[np.ndarray, "seeds limits"], index: int, title: str
) -> None:
    shade, middle = style.colour(index), values.mean(axis=0)
    if len(values) > 1:
        axes.vlines(at, values.min(axis=0), values.max(axis=0), color=shade, linewidth=1.2, alpha=0.6, zorder=2)
    axes.plot(
        at, middle, MARKERS[index % len(MARKERS)] + "-", color=shade, markersize=5, linewidth=1.3,
        markeredgecolor=style.PAPER, markeredgewidth=0.6, label=title, zorder=3,
    )  # fmt: skip

"""A study of safe agents: normalised reward and cost of its variants, one line per cost limit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from stages.plotting import style
from stages.plotting.cost_reward import MARKERS
from stages.plotting.limit_curves import mark_safe

APART = 0.05  # between neighbouring limits, as a share of the distance of variants
LONG = 12  # characters, from which on names of variants are slanted


@dataclass(frozen=True)
class Scored:
    """Means and standard deviations over seeds of all variants under one limit; NaN where one was not run."""

    limit: float
    rewards: Float[np.ndarray, "variants"]
    reward_spread: Float[np.ndarray, "variants"]
    costs: Float[np.ndarray, "variants"]
    cost_spread: Float[np.ndarray, "variants"]


def safe_study(
    variants: Sequence[str], by_limit: Sequence[Scored], numbers: Float[np.ndarray, "variants"] | None, setting: str
) -> Figure:
    """Reward on the left, cost on the right; whiskers are one standard deviation over seeds.

    Args:
        variants: Names, in the order of the scores.
        by_limit: The scores under each limit.
        numbers: Where variants differ in a number: it, in ascending order; they are then joined by lines.
        setting: What the variants differ in, to be printed below the axis.
    """
    places = np.arange(len(variants)) if numbers is None else numbers
    apart = APART * (1.0 if len(places) < 2 else float(np.diff(places).min()))
    with style.styled():
        figure = Figure(figsize=(8.4, 3.2), layout="constrained")
        left, right = figure.subplots(1, 2)
        for index, scored in enumerate(by_limit):
            at = places + apart * (index - (len(by_limit) - 1) / 2)
            join = "-" if numbers is not None else ""
            _line(left, at, scored.rewards, scored.reward_spread, index, join, f"limit {scored.limit:g}")
            _line(right, at, scored.costs, scored.cost_spread, index, join, f"limit {scored.limit:g}")
        for axes, name in ((left, "normalised reward"), (right, "normalised cost")):
            axes.set(title=name, xlabel=setting, xticks=places)
            slanted = max(map(len, variants)) > LONG and numbers is None
            axes.set_xticklabels(variants, rotation=20 if slanted else 0, ha="right" if slanted else "center")
            if numbers is None:
                axes.set_xlim(-0.5, len(variants) - 0.5)
            axes.grid(axis="y")
            axes.set_axisbelow(True)
        mark_safe(right)
        handles, titles = left.get_legend_handles_labels()
        figure.legend(handles, titles, loc="outside lower center", ncols=5, fontsize=8, labelcolor=style.INK)
    return figure


def _line(
    axes: Axes,
    at: Float[np.ndarray, "variants"],
    middle: Float[np.ndarray, "variants"],
    spread: Float[np.ndarray, "variants"],
    index: int,
    join: str,
    title: str,
) -> None:
    shade = style.colour(index)
    axes.vlines(at, middle - spread, middle + spread, color=shade, linewidth=1.2, alpha=0.6, zorder=2)
    axes.plot(
        at, middle, marker=MARKERS[index % len(MARKERS)], color=shade, markersize=6, linewidth=1.3,
        markeredgecolor=style.PAPER, markeredgewidth=0.6, label=title, zorder=3, linestyle=join or "none",
    )  # fmt: skip

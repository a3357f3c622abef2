"""Returns per agent: a dot per seed, the interquartile mean with its interval, and lines to compare with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from stages.evaluation.statistics import Interval
from stages.plotting import style


@dataclass(frozen=True)
class Score:
    """One agent's line: `per_seed` holds each seed's mean."""

    title: str
    per_seed: Float[np.ndarray, "seeds"]
    interval: Interval


def score_intervals(scores: Sequence[Score], references: Mapping[str, float], unit: str) -> Figure:
    """Agents from top to bottom in the given order.

    Args:
        scores: What is drawn.
        references: Vertical lines by their name, such as the mean return of a behaviour.
        unit: What the horizontal axis shows.
    """
    with style.styled():
        figure, (axes,) = style.panels(1, 1, width=7.2, height=0.95 + 0.42 * len(scores) + 0.16 * len(references))
        for row, score in enumerate(scores):
            _draw(axes, score, row)
        axes.set(yticks=range(len(scores)), yticklabels=[score.title for score in scores], xlabel=unit)
        axes.set_ylim(len(scores) - 0.4, -0.6)
        axes.margins(x=0.06)
        axes.tick_params(axis="y", length=0, labelsize=9, labelcolor=style.INK)
        axes.spines["left"].set_visible(False)
        axes.grid(axis="x")
        axes.set_axisbelow(True)
        _references(axes, references)
    return figure


def _draw(axes: Axes, score: Score, row: int) -> None:
    spread = np.linspace(-0.16, 0.16, len(score.per_seed)) if len(score.per_seed) > 1 else np.zeros(1)
    interval = score.interval
    axes.plot(
        score.per_seed, row + spread, "o", markersize=4, color=style.MUTED, alpha=0.55, markeredgewidth=0, zorder=3
    )
    axes.plot([interval.low, interval.high], [row, row], color=style.SERIES[0], linewidth=3, zorder=4)
    axes.plot(interval.value, row, "D", markersize=6.5, color=style.SERIES[0], markeredgecolor=style.PAPER, zorder=5)
    axes.annotate(
        style.number(interval.value, 1), (interval.value, row), xytext=(0, 8), textcoords="offset points",
        ha="center", fontsize=8, fontweight="bold", color=style.INK, zorder=6,
        bbox={"facecolor": style.PAPER, "edgecolor": "none", "pad": 0.8},
    )  # fmt: skip


def _references(axes: Axes, references: Mapping[str, float]) -> None:
    """Dashed lines with their names above the picture, one line of text each, so that names never overlap."""
    left, right = axes.get_xlim()
    left, right = min([left, *references.values()]), max([right, *references.values()])
    axes.set_xlim(left - 0.02 * (right - left), right + 0.02 * (right - left))
    for level, (name, value) in enumerate(sorted(references.items(), key=lambda item: item[1])):
        axes.axvline(value, color=style.INK, linewidth=0.9, linestyle=(0, (4, 3)), zorder=2)
        beyond = value > (left + right) / 2
        axes.annotate(
            f"{name} {style.number(value)}", (value, 1), xycoords=("data", "axes fraction"),
            xytext=(-3 if beyond else 3, 3 + 11 * (len(references) - 1 - level)), textcoords="offset points",
            ha="right" if beyond else "left", fontsize=8, color=style.INK,
        )  # fmt: skip
        axes.annotate(
            "", (value, 1), xycoords=("data", "axes fraction"), annotation_clip=False,
            xytext=(0, 3 + 11 * (len(references) - 1 - level) + 8), textcoords="offset points",
            arrowprops={"arrowstyle": "-", "color": style.INK, "linewidth": 0.9, "shrinkA": 0, "shrinkB": 0},
        )  # fmt: skip

"""How clustering went, per seed: agreement with the true behaviours and the method's score after each iteration."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from stages.plotting import style

LONGEST_LINE = 38


def em_progress(
    score: Float[np.ndarray, "iterations seeds"],
    agreement: Float[np.ndarray, "labelled seeds"],
    seeds: Sequence[int],
    agreement_name: str,
    score_name: str,
) -> Figure:
    """One or two panels over iterations; NaN where a seed had stopped already.

    What is known of fewer than two iterations gets no panel.

    Args:
        score: What the method maximises.
        agreement: Score between 0 and 1 of the assignments.
        seeds: Seed of each column.
        agreement_name: Name of `agreement`.
        score_name: Name of `score`.
    """
    scores = ((agreement_name, agreement), (score_name, score))
    shown = [(name, curves) for name, curves in scores if (~np.isnan(curves)).any(axis=1).sum() > 1]
    with style.styled():
        figure, grid = style.panels(len(shown), len(shown), width=3.9, height=2.7)
        for axes, (title, curves) in zip(grid, shown, strict=True):
            _curves(axes, curves, seeds, failed=_failed(agreement))
            axes.set_title(fill(title, LONGEST_LINE))
            axes.set_xlabel("iteration")
            axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
            axes.grid(axis="y")
            if curves is agreement:
                axes.set_ylim(min(0.45, np.nanmin(agreement) - 0.05), 1.03)
    return figure


def _failed(agreement: Float[np.ndarray, "labelled seeds"]) -> np.ndarray:
    """Seeds whose last assignments agree clearly less than the best seed's."""
    final = np.array([_last(curve) for curve in agreement.T])
    return final < np.nanmax(final) - 0.05 if not np.isnan(final).all() else np.zeros(len(final), dtype=bool)


def _last(curve: Float[np.ndarray, "epochs"]) -> float:
    values = curve[~np.isnan(curve)]
    return float(values[-1]) if len(values) else float("nan")


def _curves(axes: Axes, curves: Float[np.ndarray, "epochs seeds"], seeds: Sequence[int], failed: np.ndarray) -> None:
    """Seeds that went well are drawn alike; a seed that did not is named."""
    for column, seed in enumerate(seeds):
        iterations = np.flatnonzero(~np.isnan(curves[:, column]))
        if not len(iterations):
            continue
        line = curves[iterations, column]
        shade, width = (style.ALERT, 1.5) if failed[column] else (style.SERIES[0], 1.0)
        axes.plot(
            iterations,
            line,
            color=shade,
            linewidth=width,
            alpha=1.0 if failed[column] else 0.65,
            zorder=2 + failed[column],
        )
        axes.plot(iterations[-1], line[-1], "o", markersize=3.5, color=shade, zorder=3)
        if failed[column]:
            axes.annotate(
                f"seed {seed}",
                (iterations[-1], line[-1]),
                xytext=(5, 0),
                textcoords="offset points",
                va="center",
                color=shade,
                fontsize=8,
            )
    if not failed.any() and len(seeds) > 1:
        axes.text(1, 0.04, f"{len(seeds)} seeds", transform=axes.transAxes, ha="right", fontsize=8, color=style.MUTED)

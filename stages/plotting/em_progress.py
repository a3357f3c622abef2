"""How clustering went, per seed: agreement with the true behaviours and log-likelihood after each epoch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from stages.plotting import style


def em_progress(
    log_likelihood: Float[np.ndarray, "epochs seeds"],
    agreement: Float[np.ndarray, "epochs seeds"],
    seeds: Sequence[int],
    score: str,
) -> Figure:
    """Two panels over epochs; NaN where a seed had stopped already.

    Args:
        log_likelihood: Mean log-likelihood per step, nats.
        agreement: Score between 0 and 1 of the assignments; all NaN leaves the panel out.
        seeds: Seed of each column.
        score: Name of `agreement`.
    """
    shown = [(score, agreement)] if not np.isnan(agreement).all() else []
    shown.append(("log-likelihood per step", log_likelihood))
    with style.styled():
        figure, grid = style.panels(len(shown), len(shown), width=3.9, height=2.7)
        for axes, (title, curves) in zip(grid, shown, strict=True):
            _curves(axes, curves, seeds, failed=_failed(agreement))
            axes.set_title(title)
            axes.set_xlabel("EM epoch")
            axes.grid(axis="y")
        if len(shown) == 2:
            grid[0].set_ylim(min(0.45, np.nanmin(agreement) - 0.05), 1.03)
    return figure


def _failed(agreement: Float[np.ndarray, "epochs seeds"]) -> np.ndarray:
    """Seeds whose last assignments agree clearly less than the best seed's."""
    final = np.array([_last(curve) for curve in agreement.T])
    return final < np.nanmax(final) - 0.05 if not np.isnan(final).all() else np.zeros(len(final), dtype=bool)


def _last(curve: Float[np.ndarray, "epochs"]) -> float:
    known = curve[~np.isnan(curve)]
    return float(known[-1]) if len(known) else float("nan")


def _curves(axes: Axes, curves: Float[np.ndarray, "epochs seeds"], seeds: Sequence[int], failed: np.ndarray) -> None:
    """Seeds that went well are drawn alike; a seed that did not is named."""
    for column, seed in enumerate(seeds):
        known = np.flatnonzero(~np.isnan(curves[:, column]))
        if not len(known):
            continue
        line = curves[known, column]
        shade, width = (style.ALERT, 1.5) if failed[column] else (style.SERIES[0], 1.0)
        axes.plot(
            known, line, color=shade, linewidth=width, alpha=1.0 if failed[column] else 0.65, zorder=2 + failed[column]
        )
        axes.plot(known[-1], line[-1], "o", markersize=3.5, color=shade, zorder=3)
        if failed[column]:
            axes.annotate(
                f"seed {seed}",
                (known[-1], line[-1]),
                xytext=(5, 0),
                textcoords="offset points",
                va="center",
                color=shade,
                fontsize=8,
            )
    if not failed.any() and len(seeds) > 1:
        axes.text(1, 0.04, f"{len(seeds)} seeds", transform=axes.transAxes, ha="right", fontsize=8, color=style.MUTED)

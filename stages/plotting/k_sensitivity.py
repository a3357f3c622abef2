"""NMI over the number of clusters that clustering starts from, ours beside published points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from stages.plotting import style

GAP = 0.3  # between neighbouring values, from which on the scale is broken


@dataclass(frozen=True)
class Series:
    """One line: mean and standard deviation over runs at each number of clusters."""

    title: str
    k: Sequence[int]
    mean: Float[np.ndarray, "points"]
    std: Float[np.ndarray, "points"]


def k_sensitivity(
    ours: Mapping[str, Series],
    theirs: Mapping[str, Series],
    ceiling: tuple[float, float] | None,
    true_number: int | None,
) -> Figure:
    """Published series on the left, ours on the right, on one scale; a series has the same colour in both.

    Where nothing lies between high and low series, the scale is broken there, so that high ones can be told apart.

    Args:
        ours: Our series by key.
        theirs: Published series by key; empty leaves their panel out.
        ceiling: NMI of the true policies, ties drawn by lot and best ties.
        true_number: Number of true policies.
    """
    keys = list(dict.fromkeys([*ours, *theirs]))
    columns = [("published", theirs)] * bool(theirs) + [("ours", ours)]
    ranges = _ranges([*ours.values(), *theirs.values()])
    with style.styled():
        figure = Figure(figsize=(4.5 * len(columns), 3.4), layout="constrained")
        heights = [3, 1][: len(ranges)]
        grid = figure.subplots(len(ranges), len(columns), sharex=True, squeeze=False, height_ratios=heights)
        for column, (title, lines) in enumerate(columns):
            for axes, limits in zip(grid[:, column], ranges, strict=True):
                _panel(axes, lines, keys, ceiling, true_number)
                axes.set_ylim(*limits)
                axes.yaxis.set_major_locator(MaxNLocator(5 if axes is grid[0, column] else 2))
            grid[0, column].set_title(title)
            grid[-1, column].set_xlabel("initial number of clusters k")
            for axes in grid[:-1, column]:
                axes.spines["bottom"].set_visible(False)
                axes.tick_params(axis="x", length=0)
        grid[0, 0].set_ylabel("NMI")
        shown = {str(line.get_label()): line for axes in grid[0] for line in axes.get_lines()}
        titles = [series.title for series in {**theirs, **ours}.values()]
        figure.legend(
            [shown[title] for title in titles], titles, loc="outside lower center", ncols=4, fontsize=8,
            labelcolor=style.INK,
        )  # fmt: skip
    return figure


def _panel(
    axes: Axes,
    lines: Mapping[str, Series],
    keys: Sequence[str],
    ceiling: tuple[float, float] | None,
    true_number: int | None,
) -> None:
    for key, line in lines.items():
        _draw(axes, line, style.colour(keys.index(key)))
    if ceiling is not None:
        low, high = ceiling
        axes.axhspan(low, max(high, low + 0.002), color=style.INK, alpha=0.22, linewidth=0, zorder=1, label="_ceiling")
    if true_number is not None:
        axes.axvline(
            true_number, color=style.MUTED, linewidth=0.9, linestyle=(0, (4, 3)), zorder=1, label="_true number"
        )
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    axes.grid(axis="y")


def _draw(axes: Axes, line: Series, shade: str) -> None:
    order = np.argsort(line.k)
    k, mean = np.array(line.k)[order], line.mean[order]
    if np.nan_to_num(line.std).any():
        low, high = (end[order] for end in _band(line))
        axes.fill_between(k, low, high, color=shade, alpha=0.14, linewidth=0, zorder=2)
    axes.plot(k, mean, "o-", color=shade, markersize=4, linewidth=1.4, label=line.title, zorder=3)


def _ranges(lines: Sequence[Series]) -> list[tuple[float, float]]:
    """Limits of the vertical axis, upper part first; one part unless there is a wide gap."""
    ends = np.sort(np.concatenate([end for series in lines for end in (series.mean, *_band(series))]))
    gaps = np.diff(ends)
    widest = int(gaps.argmax()) if len(gaps) else 0
    whole = (max(0.0, float(ends[0]) - 0.02), min(1.0, float(ends[-1])) + 0.02)
    if not len(gaps) or gaps[widest] < GAP:
        return [whole]
    margin = 0.1 * (1 - float(ends[widest + 1])) + 0.005
    return [(float(ends[widest + 1]) - margin, 1 + margin), (whole[0], float(ends[widest]) + 0.02)]


def _band(series: Series) -> tuple[np.ndarray, np.ndarray]:
    """One standard deviation around the mean, within 0 and 1."""
    std = np.nan_to_num(series.std)
    return np.maximum(series.mean - std, 0), np.minimum(series.mean + std, 1)

"""What one cluster looks like: its episodes, their returns and lengths beside the dataset's, and its actions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from stages.plotting import navigation_map, style
from stages.plotting.navigation_map import NavigationMap
from stages.plotting.trajectories import draw_paths

BINS = 24


@dataclass(frozen=True)
class Cluster:
    """Episodes of one cluster.

    Attributes:
        index: Number of the cluster, which fixes its colour.
        returns: Return of each episode.
        lengths: Steps of each episode.
        action_mean: Mean of each action coordinate over the cluster's steps, scaled to the dataset's mean and spread.
        action_spread: Standard deviation in the same scale.
        paths: A few of its episodes, NaN-padded; empty where there is no map.
    """

    index: int
    returns: Float[np.ndarray, "episodes"]
    lengths: np.ndarray
    action_mean: Float[np.ndarray, "action"]
    action_spread: Float[np.ndarray, "action"]
    paths: Float[np.ndarray, "shown steps 2"]


def cluster_card(
    cluster: Cluster, all_returns: Float[np.ndarray, "all"], all_lengths: np.ndarray, place: NavigationMap | None
) -> Figure:
    """Panels in a row: map (if there is one), returns, lengths, actions."""
    with style.styled():
        number = 3 + (place is not None)
        figure = Figure(figsize=(2.2 * number, 2.25), layout="constrained")
        grid = list(figure.subplots(1, number, squeeze=False)[0])
        if place is not None:
            axes = grid.pop(0)
            navigation_map.draw(axes, place)
            draw_paths(axes, cluster.paths, np.full(cluster.paths.shape[:2], cluster.index), place.tolerance)
            axes.set_title("sample episodes", fontsize=9)
        shade = style.colour(cluster.index)
        _distribution(grid[0], cluster.returns, all_returns, "return", shade)
        _distribution(grid[1], cluster.lengths, all_lengths, "length (steps)", shade)
        _actions(grid[2], cluster, shade)
    return figure


def _distribution(axes: Axes, own: np.ndarray, every: np.ndarray, title: str, shade: str) -> None:
    """Histogram of the cluster's episodes over that of the whole dataset."""
    edges = np.histogram_bin_edges(every, BINS).tolist()
    axes.hist(every, edges, color=style.RULE)
    axes.hist(own, edges, color=shade, alpha=0.85)
    axes.set_title(title, fontsize=9)
    axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.yaxis.set_major_locator(MaxNLocator(3, integer=True))
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)


def _actions(axes: Axes, cluster: Cluster, shade: str) -> None:
    """Mean and spread of each action coordinate; 0 and 1 are the dataset's own."""
    rows = np.arange(len(cluster.action_mean))
    low, high = cluster.action_mean - cluster.action_spread, cluster.action_mean + cluster.action_spread
    axes.hlines(rows, low, high, color=shade, alpha=0.45, linewidth=5)
    axes.plot(cluster.action_mean, rows, "o", color=shade, markersize=6, markeredgecolor=style.PAPER)
    axes.axvline(0, color=style.MUTED, linewidth=0.8)
    axes.set(yticks=rows, yticklabels=[f"a{row}" for row in rows], ylim=(len(rows) - 0.5, -0.5), xlim=(-2.2, 2.2))
    axes.set_title("actions (standardised)", fontsize=9)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)

"""What one cluster looks like: where it goes, its returns and lengths beside the dataset's, and its actions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, MaxNLocator, PercentFormatter

from stages.plotting import gridworld_map, navigation_map, style
from stages.plotting.gridworld_map import Visits
from stages.plotting.navigation_map import NavigationMap
from stages.plotting.trajectories import draw_paths

BINS = 24
HEIGHT, WIDTH, WIDEST = 2.25, 2.2, 9.1


@dataclass(frozen=True)
class Profile:
    """Typical values of coordinates, scaled to the dataset's mean and spread: median, and 10 to 90 % of the steps."""

    names: list[str]
    median: Float[np.ndarray, "coordinates"]
    low: Float[np.ndarray, "coordinates"]
    high: Float[np.ndarray, "coordinates"]


@dataclass(frozen=True)
class Frequencies:
    """How often each action is chosen, in the cluster and in the dataset."""

    names: list[str]
    inside: Float[np.ndarray, "actions"]
    every: Float[np.ndarray, "actions"]


@dataclass(frozen=True)
class Cluster:
    """Episodes of one cluster.

    Attributes:
        index: Number of the cluster, which fixes its colour.
        returns: Return of each episode.
        lengths: Steps of each episode.
        actions: What it does, for actions to choose from or for vectors.
        states: Where it is: its coordinates, its visits to the cells of a grid, or nothing.
        paths: A few of its episodes, NaN-padded, as (x, y) or (row, column); empty where there is no map.
    """

    index: int
    returns: Float[np.ndarray, "episodes"]
    lengths: Int[np.ndarray, "episodes"]
    actions: Profile | Frequencies
    states: Profile | Visits | None
    paths: Float[np.ndarray, "shown steps 2"]


def cluster_card(
    cluster: Cluster,
    all_returns: Float[np.ndarray, "all"],
    all_lengths: Int[np.ndarray, "all"],
    place: NavigationMap | None,
) -> Figure:
    """Panels in a row: map with sample episodes and states (where there are some), returns, lengths, actions."""
    shade = style.colour(cluster.index)
    on_grid = isinstance(cluster.states, Visits)
    number = 3 + (place is not None) + (cluster.states is not None) + on_grid
    with style.styled():
        figure = Figure(figsize=(min(WIDTH * number, WIDEST), HEIGHT), layout="constrained")
        grid = list(figure.subplots(1, number, squeeze=False)[0])
        if place is not None:
            axes = grid.pop(0)
            navigation_map.draw(axes, place)
            draw_paths(axes, cluster.paths, np.full(cluster.paths.shape[:2], cluster.index), place.tolerance)
            axes.set_title("sample episodes", fontsize=9)
        if isinstance(cluster.states, Visits):
            gridworld_map.draw_visits(grid.pop(0), cluster.states, shade)
            gridworld_map.draw_walks(grid.pop(0), cluster.paths, cluster.states.size, shade)
        elif cluster.states is not None:
            _profile(grid.pop(0), cluster.states, "states (standardised)", shade)
        _distribution(grid[0], cluster.returns, all_returns, "return", shade)
        _distribution(grid[1], cluster.lengths, all_lengths, "length (steps)", shade)
        if isinstance(cluster.actions, Frequencies):
            _frequencies(grid[2], cluster.actions, shade)
        else:
            _profile(grid[2], cluster.actions, "actions (standardised)", shade)
    return figure


def _distribution(axes: Axes, inside: np.ndarray, every: np.ndarray, title: str, shade: str) -> None:
    """Histogram of the cluster's episodes over that of the whole dataset."""
    edges = np.histogram_bin_edges(every, BINS)
    axes.stairs(np.histogram(every, edges)[0], edges, fill=True, color=style.RULE)
    axes.stairs(np.histogram(inside, edges)[0], edges, fill=True, color=shade, alpha=0.85)
    axes.set_title(title, fontsize=9)
    axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.ticklabel_format(axis="x", useOffset=False)
    axes.yaxis.set_major_locator(MaxNLocator(3, integer=True))
    axes.yaxis.set_major_formatter(EngFormatter(sep=""))
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)


def _profile(axes: Axes, profile: Profile, title: str, shade: str) -> None:
    """Median and 10 to 90 % of each coordinate; 0 and 1 are the dataset's own mean and spread."""
    rows = np.arange(len(profile.names))
    thick = float(np.clip(60 / max(len(rows), 1), 2.5, 5))
    axes.hlines(rows, profile.low, profile.high, color=shade, alpha=0.45, linewidth=thick)
    axes.plot(profile.median, rows, "o", color=shade, markersize=thick + 1, markeredgecolor=style.PAPER)
    axes.axvline(0, color=style.MUTED, linewidth=0.8)
    axes.set(yticks=rows, ylim=(len(rows) - 0.5, -0.5), xlim=(-2.6, 2.6))
    axes.set_yticks(rows, profile.names, fontsize=8 if len(rows) <= 10 else 6.5)
    axes.set_title(title, fontsize=9)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)


def _frequencies(axes: Axes, actions: Frequencies, shade: str) -> None:
    """A bar per action, over the dataset's own in grey."""
    rows = np.arange(len(actions.names))
    axes.barh(rows, actions.every, height=0.78, color=style.RULE)
    axes.barh(rows, actions.inside, height=0.46, color=shade)
    axes.set_yticks(rows, actions.names, fontsize=8)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.xaxis.set_major_locator(MaxNLocator(3))
    axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.set_title("actions", fontsize=9)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)

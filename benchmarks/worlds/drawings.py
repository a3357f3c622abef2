"""Training worlds of people who draw: smooth, recorded a hundred times a second, the same figure again and again."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from scipy.interpolate import CubicSpline

from benchmarks.worlds.episodes import Walk, joined
from benchmarks.worlds.simulated import following
from benchmarks.worlds.training import world
from stages.datasets.episodes import EpisodeDataset

SECONDS = 4.0
UNSTEADY = 6  # points at which a drawing departs from its figure, smoothly between
APART = 0.04  # by how much, in units of the paper's width


def figure(random: np.random.Generator) -> Float[np.ndarray, "points 2"]:
    """Points that the pen goes through; the last is the same place for all."""
    points = random.integers(3, 7)
    return np.concatenate([random.uniform(-1, 1, (points, 2)), np.zeros((1, 2))])


def drawn(random: np.random.Generator, points: Float[np.ndarray, "points 2"], steps: int) -> Walk:
    """Places, velocities and following places of the pen in one drawing.

    It begins slowly, ends slowly, and is in no two drawings quite as fast, as large or as steady.
    """
    time = np.linspace(0, 1, steps)
    pace = 10 * time**3 - 15 * time**4 + 6 * time**5  # of least jerk
    pace = pace ** np.exp(random.normal(0, 0.1))
    path = CubicSpline(np.linspace(0, 1, len(points)), points * np.exp(random.normal(0, 0.05)))
    knots = APART * random.standard_normal((UNSTEADY, 2)) * np.linspace(1, 0, UNSTEADY)[:, None]
    place = path(pace) + CubicSpline(np.linspace(0, 1, UNSTEADY), knots)(time)
    return place, np.gradient(place, SECONDS / steps, axis=0), following(place)


def drawings(random: np.random.Generator, figures: int, each: int, steps: int) -> EpisodeDataset:
    """Every figure drawn `each` times, in random order."""
    shapes = [figure(random) for _ in range(figures)]
    truth = random.permutation(np.repeat(np.arange(figures), each))
    return joined([drawn(random, shapes[z], steps) for z in truth], truth)


@world
def people_drawing(random: np.random.Generator) -> EpisodeDataset:
    """26 figures, each drawn seven times, a thousand steps a drawing."""
    return drawings(random, 26, 7, 1000)


@world
def people_drawing_briefly(random: np.random.Generator) -> EpisodeDataset:
    """The same in a hundred steps."""
    return drawings(random, 26, 7, 100)


@world
def one_drawing(random: np.random.Generator) -> EpisodeDataset:
    """One figure, drawn sixty times."""
    return drawings(random, 1, 60, 500)

"""Which episodes a baseline clones, by their cost and return.

    safe      cost at most l
    risky     cost at least 2 l
    boundary  cost above l / 2 and at most 1.5 l
    frontier  cost at most l, return within a range around the frontier of the data

The frontier is a polynomial of cost fitted by least squares to the returns of the episodes that no other one beats
(by costing no more and returning more, or costing less and returning no less).

Source:     the modes of behaviour cloning in OSRL (``liuzuxin/OSRL``).
Deviations: OSRL is given the frontier by hand for each task and keeps episodes of any cost near it.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from jaxtyping import Bool, Float, Int

from stages.datasets.episodes import EpisodeDataset

EpisodeMode = Literal["safe", "risky", "boundary", "frontier"]


def chosen_episodes(
    dataset: EpisodeDataset, mode: EpisodeMode, limit: float, frontier_range: float, frontier_degree: int
) -> Int[np.ndarray, "chosen"]:
    """The episodes that `mode` keeps under the cost limit l; maybe none.

    Args:
        dataset: With costs.
        mode: See above.
        limit: l.
        frontier_range: Half-width of the band around the frontier, over the spread of the dataset's returns.
        frontier_degree: Degree of the frontier's polynomial.
    """
    costs, returns = dataset.episode_costs, dataset.episode_returns
    assert costs is not None
    if mode == "safe":
        return np.flatnonzero(costs <= limit)
    if mode == "risky":
        return np.flatnonzero(costs >= 2 * limit)
    if mode == "boundary":
        return np.flatnonzero((costs > 0.5 * limit) & (costs <= 1.5 * limit))
    distance = np.abs(returns - frontier(costs, returns, frontier_degree))
    return np.flatnonzero((costs <= limit) & (distance <= frontier_range * np.ptp(returns)))


def unbeaten(
    costs: Float[np.ndarray, "episodes"], returns: Float[np.ndarray, "episodes"]
) -> Bool[np.ndarray, "episodes"]:
    """Whether each episode is on the Pareto front of small cost and large return."""
    order = np.lexsort((-returns, costs))
    best_before = np.concatenate([[-np.inf], np.maximum.accumulate(returns[order])[:-1]])
    front = np.zeros(len(costs), dtype=bool)
    front[order] = returns[order] > best_before
    return front


def frontier(
    costs: Float[np.ndarray, "episodes"], returns: Float[np.ndarray, "episodes"], degree: int
) -> Float[np.ndarray, "episodes"]:
    """Height of the fitted frontier at every episode's cost."""
    front = unbeaten(costs, returns)
    fit = np.polynomial.Polynomial.fit(costs[front], returns[front], min(degree, int(front.sum()) - 1))
    return np.asarray(fit(costs))

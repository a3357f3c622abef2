"""Thinning: fewer episodes where there are many, so that those left are spread over the plane of return and cost.

The plane is cut into equal cells between the extremes of the episodes; cells that hold more than they may keep that
many, drawn at random. Episodes are kept or dropped whole, and stay in their order.

Source: Liu et al., DSRL, 2023 (its files are thinned on 60 cost by 50 return cells). Deviation: DSRL's learners drop
episodes from the densest cells again and again while they record; here a recording is thinned once.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int
from pydantic import Field

from stages.datasets.episodes import EpisodeDataset
from stages.errors import UserError
from stages.seeding import generator
from stages.settings import Settings


class ThinningSettings(Settings):
    """The grid, and how many episodes a cell may hold."""

    cost_cells: int = Field(60, ge=1, description="cells along the cost axis")
    return_cells: int = Field(50, ge=1, description="cells along the return axis")
    most_per_cell: int = Field(5, ge=1, description="episodes that a cell keeps at most")


def thinned(dataset: EpisodeDataset, settings: ThinningSettings, seed: int) -> EpisodeDataset:
    """The dataset without the episodes that are too many in their cell.

    Raises:
        UserError: The dataset has no costs.
    """
    if dataset.episode_costs is None:
        raise UserError("has no costs, so its episodes cannot be thinned by cost", place=dataset.environment)
    cells = cell_of_episode(dataset.episode_returns, dataset.episode_costs, settings)
    order = generator(seed, "thinning").permutation(len(cells))
    kept = order[_rank_within(cells[order]) < settings.most_per_cell]
    return dataset.select(np.sort(kept))


def cell_of_episode(
    returns: Float[np.ndarray, "episodes"], costs: Float[np.ndarray, "episodes"], settings: ThinningSettings
) -> Int[np.ndarray, "episodes"]:
    """The number of the cell that each episode lies in."""
    return _interval(costs, settings.cost_cells) * settings.return_cells + _interval(returns, settings.return_cells)


def _interval(values: Float[np.ndarray, "episodes"], count: int) -> Int[np.ndarray, "episodes"]:
    """The number of the interval, of `count` equal ones between the extremes, that each value lies in."""
    low, high = values.min(), values.max()
    share = (values - low) / (high - low) if high > low else np.zeros_like(values)
    return np.minimum((share * count).astype(np.int64), count - 1)


def _rank_within(cells: Int[np.ndarray, "episodes"]) -> Int[np.ndarray, "episodes"]:
    """How many episodes of the same cell come before each."""
    order = np.argsort(cells, kind="stable")
    inside = cells[order]
    first = np.searchsorted(inside, inside)
    rank = np.empty(len(cells), dtype=np.int64)
    rank[order] = np.arange(len(cells)) - first
    return rank

"""Halves by return, with some noise."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool
from pydantic import Field
from stages.halving import HALVING

from stages.datasets.episodes import EpisodeDataset
from stages.seeding import generator
from stages.settings import Settings


class ByReturnSettings(Settings):
    """How returns are compared."""

    noise: float = Field(0.0, ge=0, description="standard deviation of what is added to every return")


@HALVING.register("by_return", ByReturnSettings)
def by_return(dataset: EpisodeDataset, seed: int, settings: ByReturnSettings) -> Bool[np.ndarray, "episodes"]:
    """Whether the return of each episode is above the median."""
    noise = generator(seed, "halving").normal(0, settings.noise, dataset.num_episodes)
    returns = dataset.episode_returns + noise
    return returns > np.median(returns)

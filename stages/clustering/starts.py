"""Assignments that iterative methods start from."""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from stages.seeding import Seeds, generator

Start = Literal["random"]


def random_parts(
    seeds: Seeds, restarts: int, num_episodes: int, num_clusters: int
) -> Int[Tensor, "seeds restarts episodes"]:
    """A random permutation of the episodes cut into K equal parts, for each seed and restart its own."""
    parts = np.arange(num_episodes) * num_clusters // num_episodes
    drawn = [
        [generator(seed, "starting parts", restart).permutation(parts) for restart in range(restarts)] for seed in seeds
    ]
    return torch.from_numpy(np.array(drawn))

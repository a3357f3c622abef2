"""Several runs of every seed side by side, as if they were seeds of their own; the best of each seed is kept."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from stages.seeding import Seeds


def run_seeds(seeds: Seeds, restarts: int) -> list[int]:
    """A seed for every run; that of a seed's first restart is the seed itself."""
    return [seed + (restart << 32) for seed in seeds for restart in range(restarts)]


def best_runs(objective: Float[Tensor, "runs"], restarts: int) -> Int[Tensor, "seeds"]:
    """Index of the run with the least objective among the `restarts` of each seed."""
    by_seed = objective.view(-1, restarts)
    return by_seed.argmin(1) + restarts * torch.arange(len(by_seed), device=objective.device)

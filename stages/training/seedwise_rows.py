"""Rows of which some columns are each seed's own, such as what its policy would do there."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from stages.training.rows import Batch, Rows


class SeedwiseRows:
    """Columns that all seeds share beside columns that each has for itself; a minibatch is two gathers.

    Args:
        shared: The rows of all seeds.
        each: Further columns by name, one matrix per seed, with as many rows.
    """

    def __init__(self, shared: Rows, each: dict[str, Float[Tensor, "seeds num_rows width"]]) -> None:
        self.shared = shared
        self.each = Rows({name: column.flatten(0, 1) for name, column in each.items()}, shared.device)
        num_seeds = len(self.each) // len(shared)
        self.offsets = torch.arange(num_seeds, device=shared.device)[:, None] * len(shared)

    @property
    def device(self) -> torch.device:
        return self.shared.device

    def __len__(self) -> int:
        return len(self.shared)

    def gather(self, index: Int[Tensor, "seeds batch"]) -> Batch:
        """The rows at `index` by column name, each ``[seeds, 1, batch, width]``."""
        return self.shared.gather(index) | self.each.gather(index + self.offsets)

"""Rows for networks that have a cost limit each: every seed and every limit draws its own rows from what it may see."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Int
from torch import Tensor

from stages.seeding import Seeds, generator
from stages.training.draws import Draws
from stages.training.rows import Batch, Rows


class LimitRows(Rows):
    """Rows gathered for seeds and limits at once."""

    def gather(self, index: Int[Tensor, "seeds limits batch"]) -> Batch:
        """The rows at `index` by column name, each ``[seeds, limits, batch, width]``."""
        picked = self.matrix.index_select(0, index.reshape(-1)).view(*index.shape, -1)
        return dict(zip(self.widths, picked.split(list(self.widths.values()), dim=-1), strict=True))


class LimitDraws(Draws):
    """Uniform draws with replacement from a pool of numbers per limit; index ``[steps, seeds, limits, batch]``.

    Args:
        seeds: Seeds of the block.
        pools: Per limit, one array to draw from, or several: then each gives an equal part of the batch.
        limits: Names of the pools; equal limits of a seed get equal draws, whatever other limits there are.
        batch_size: Draws per step, seed and limit.
        purpose: What is drawn.
        chunk_steps: Steps drawn at once.
    """

    def __init__(
        self,
        seeds: Seeds,
        pools: Sequence[Sequence[Int[np.ndarray, "_"]]],
        limits: Sequence[float],
        batch_size: int,
        purpose: str,
        chunk_steps: int = 256,
    ) -> None:
        super().__init__(seeds, num_rows=batch_size, batch_size=batch_size, chunk_steps=chunk_steps)
        self.pools, self.limits, self.purpose = pools, limits, purpose

    def index_chunk(self, seed: int, position: int) -> np.ndarray:
        own = [self._of_limit(seed, i, position) for i in range(len(self.pools))]
        return np.stack(own, axis=1)

    def _of_limit(self, seed: int, number: int, position: int) -> Int[np.ndarray, "steps batch"]:
        random = generator(seed, f"{self.purpose}, limit {self.limits[number]:g}", position)
        drawn, places = [], self.batch_size
        for left, pool in zip(range(len(self.pools[number]), 0, -1), self.pools[number], strict=True):
            count = -(-places // left)
            drawn.append(pool[random.integers(0, len(pool), (self.chunk_steps, count))])
            places -= count
        return np.concatenate(drawn, axis=1)

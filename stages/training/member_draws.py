"""Draws for ensembles whose members (a cost limit's policy, a cluster's) may each see rows of their own alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Int

from stages.seeding import Seeds, generator
from stages.training.draws import Draws

Pools = Sequence[Int[np.ndarray, "_"]]


class MemberDraws(Draws):
    """Uniform draws with replacement from a member's pools; index ``[steps, seeds, members, batch]``.

    Args:
        seeds: Seeds of the block.
        pools: By seed, for each member the row numbers to draw from: one array, or several that each give an equal part
            of the batch.
        purposes: What each member's draws are called; a member's are the same whatever members there are beside it.
        batch_size: Draws per step, seed and member.
        chunk_steps: Steps drawn at once.
    """

    def __init__(
        self,
        seeds: Seeds,
        pools: Mapping[int, Sequence[Pools]],
        purposes: Sequence[str],
        batch_size: int,
        chunk_steps: int = 256,
    ) -> None:
        super().__init__(seeds, num_rows=batch_size, batch_size=batch_size, chunk_steps=chunk_steps)
        self.pools, self.purposes = pools, purposes

    def index_chunk(self, seed: int, position: int) -> np.ndarray:
        members = zip(self.purposes, self.pools[seed], strict=True)
        drawn = [self._of_member(generator(seed, purpose, position), pools) for purpose, pools in members]
        return np.stack(drawn, axis=1)

    def _of_member(self, random: np.random.Generator, pools: Pools) -> Int[np.ndarray, "steps batch"]:
        drawn, places = [], self.batch_size
        for left, pool in zip(range(len(pools), 0, -1), pools, strict=True):
            count = -(-places // left)
            drawn.append(pool[random.integers(0, len(pool), (self.chunk_steps, count))])
            places -= count
        return np.concatenate(drawn, axis=1)

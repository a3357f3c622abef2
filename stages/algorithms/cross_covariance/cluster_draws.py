"""Batches that come from one cluster each, which one by its size."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from jaxtyping import Int
from torch import Tensor

from stages.seeding import Seeds, generator
from stages.training.draws import Draws


class ClusterDraws(Draws):
    """Rows drawn with replacement from one cluster per step; a cluster is as likely as it is large.

    Every row is as likely as in uniform draws, and a cluster smaller than a batch gives some of its rows twice. Labels
    are looked at when a chunk of steps is drawn, so they may change between chunks.

    Args:
        seeds: Seeds of the block.
        labels: Cluster of each row, for each seed its own; changed in place.
        batch_size: Rows per step and seed.
        chunk_steps: Steps drawn at once.
        noise: Width of each named standard-normal noise that a step needs.
    """

    def __init__(
        self,
        seeds: Seeds,
        labels: Int[Tensor, "seeds rows"],
        batch_size: int,
        chunk_steps: int,
        noise: Mapping[str, int] | None = None,
    ) -> None:
        super().__init__(seeds, labels.shape[1], batch_size, chunk_steps, noise)
        self.labels = labels

    def index_chunk(self, seed: int, position: int) -> np.ndarray:
        random = generator(seed, "rows by cluster", position)
        labels = self.labels[self.seeds.index(seed)].cpu().numpy()
        order, sizes = np.argsort(labels, kind="stable"), np.bincount(labels)
        # The cluster of any row is a cluster by its size.
        cluster = labels[random.integers(0, self.num_rows, self.chunk_steps)]
        first = (np.cumsum(sizes) - sizes)[cluster]
        place = random.random((self.chunk_steps, self.batch_size))
        index: np.ndarray = order[first[:, None] + (place * sizes[cluster][:, None]).astype(np.int64)]
        return index

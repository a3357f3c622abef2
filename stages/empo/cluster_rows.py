"""Each cluster's own rows of the dataset, side by side for all clusters and seeds.

Clusters differ in size, so the shorter ones are padded; padding has weight 0. A policy is thus evaluated on its own
rows only, in one batched product for all clusters.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

Positions = slice | Int[Tensor, "seeds clusters picked"]


@dataclass(frozen=True)
class Chunk:
    """Some of every cluster's rows; `weights` are 1 / cluster size, so that their sum over all chunks is 1."""

    positions: Positions
    observations: Float[Tensor, "seeds clusters picked observation"]
    weights: Float[Tensor, "seeds clusters picked"]


class ClusterRows:
    """Rows by cluster.

    Args:
        labels: Cluster of each row, by seed.
        num_clusters: K.
        observations: Normalised observations of all rows, on the device to compute on.
    """

    def __init__(
        self, labels: Int[Tensor, "seeds steps"], num_clusters: int, observations: Float[Tensor, "steps observation"]
    ) -> None:
        self.observations, self.labels = observations, labels
        members = [[(of_row == z).nonzero().squeeze(1) for z in range(num_clusters)] for of_row in labels]
        self.num_rows = max(len(rows) for per_seed in members for rows in per_seed)
        self.index = torch.zeros(len(labels), num_clusters, self.num_rows, dtype=torch.int64)
        self.weights = torch.zeros(self.index.shape)
        for seed, per_seed in enumerate(members):
            for z, rows in enumerate(per_seed):
                self.index[seed, z, : len(rows)] = rows
                self.weights[seed, z, : len(rows)] = 1 / max(len(rows), 1)
        self.index, self.weights = self.index.to(observations.device), self.weights.to(observations.device)

    @property
    def num_clusters(self) -> int:
        return self.index.shape[1]

    def chunks(
        self, size: int, order: Int[Tensor, "seeds clusters places"] | None = None, within: range | None = None
    ) -> Iterator[Chunk]:
        """Rows in chunks of at most `size` per cluster.

        Args:
            size: Rows per chunk.
            order: Which of its rows each cluster takes, one after the other; None: all as they are.
            within: Places in that order to take, all by default.
        """
        within = range(self.num_rows if order is None else order.shape[-1]) if within is None else within
        for start in within[::size]:
            stop = min(start + size, within.stop)
            positions = slice(start, stop) if order is None else order[..., start:stop]
            rows = self.pick(self.index, positions)
            yield Chunk(positions, self.observations[rows], self.pick(self.weights, positions))

    @staticmethod
    def pick(values: Tensor, positions: Positions) -> Tensor:
        """The entries of ``values [seeds, clusters, rows, ...]`` at the positions of a chunk."""
        if isinstance(positions, slice):
            return values[:, :, positions]
        seeds, clusters = (torch.arange(count, device=values.device) for count in positions.shape[:2])
        return values[seeds[:, None, None], clusters[:, None], positions]

    def standardised(self, values: Float[Tensor, "seeds clusters rows"]) -> Float[Tensor, "seeds clusters rows"]:
        """Values shifted and scaled to mean 0 and deviation 1 over each cluster's rows."""
        mean = (values * self.weights).sum(-1, keepdim=True)
        variance = ((values - mean).square() * self.weights).sum(-1, keepdim=True)
        return (values - mean) / (variance.sqrt() + 1e-8)

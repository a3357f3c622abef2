"""Which rows a step trains on, and the noise it uses, as a pure function of (seed, step).

Indices and noise are drawn on the CPU in chunks of steps, from generators keyed by seed and chunk. The sequence of a
seed is therefore the same alone or beside other seeds, on CPU and CUDA, before and after a restart.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

import numpy as np
import torch

from stages.seeding import Seeds, generator
from stages.training.rows import Batch


class Draws(ABC):
    """Chunks of per-step index (and noise) tensors with a leading step axis.

    Args:
        seeds: Seeds of the block.
        num_rows: Rows to draw from.
        batch_size: Rows per step and seed; at most `num_rows`.
        chunk_steps: Steps drawn at once.
        noise: Width of each named standard-normal noise array that a step needs.
    """

    def __init__(
        self, seeds: Seeds, num_rows: int, batch_size: int, chunk_steps: int, noise: Mapping[str, int] | None = None
    ) -> None:
        self.seeds, self.num_rows = list(seeds), num_rows
        self.batch_size = min(batch_size, num_rows)
        self.chunk_steps, self.noise = chunk_steps, dict(noise or {})

    def end_of_chunk(self, step: int) -> int:
        """First step after the chunk that `step` lies in."""
        return (step // self.chunk_steps + 1) * self.chunk_steps

    def chunk(self, start: int, stop: int, device: torch.device) -> Batch:
        """Draws of steps ``start:stop`` (within one chunk): index ``[steps, seeds, batch]`` and the named noise."""
        position = start // self.chunk_steps
        inside = slice(start - position * self.chunk_steps, stop - position * self.chunk_steps)
        drawn = {"index": np.stack([self.index_chunk(seed, position) for seed in self.seeds], axis=1)}
        for name, width in self.noise.items():
            drawn[name] = np.stack([self._noise_chunk(seed, name, width, position) for seed in self.seeds], axis=1)
        return {name: torch.from_numpy(values[inside]).to(device) for name, values in drawn.items()}

    @abstractmethod
    def index_chunk(self, seed: int, position: int) -> np.ndarray:
        """Row indices of one seed for one chunk, int64 ``[chunk_steps, batch]``."""

    def _noise_chunk(self, seed: int, name: str, width: int, position: int) -> np.ndarray:
        shape = (self.chunk_steps, 1, self.batch_size, width)
        return generator(seed, f"noise {name}", position).standard_normal(shape, dtype=np.float32)


class UniformDraws(Draws):
    """Rows drawn with replacement, the usual choice of offline RL."""

    def __init__(
        self,
        seeds: Seeds,
        num_rows: int,
        batch_size: int,
        chunk_steps: int = 256,
        noise: Mapping[str, int] | None = None,
    ) -> None:
        super().__init__(seeds, num_rows, batch_size, chunk_steps, noise)

    def index_chunk(self, seed: int, position: int) -> np.ndarray:
        return generator(seed, "uniform rows", position).integers(0, self.num_rows, (self.chunk_steps, self.batch_size))


class EpochDraws(Draws):
    """Epochs of shuffled rows: each epoch visits every row once (up to a last incomplete batch, which is left out)."""

    def __init__(
        self,
        seeds: Seeds,
        num_rows: int,
        batch_size: int,
        noise: Mapping[str, int] | None = None,
        purpose: str = "shuffled rows",
    ) -> None:
        super().__init__(seeds, num_rows, batch_size, max(1, num_rows // min(batch_size, num_rows)), noise)
        self.purpose = purpose

    @property
    def steps_per_epoch(self) -> int:
        return self.chunk_steps

    def index_chunk(self, seed: int, position: int) -> np.ndarray:
        order = generator(seed, self.purpose, position).permutation(self.num_rows)
        return order[: self.chunk_steps * self.batch_size].reshape(self.chunk_steps, self.batch_size)

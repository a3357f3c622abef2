"""Windows of consecutive steps out of episodes, gathered from the flat arrays whenever a step needs them.

A window begins at any step of an episode and is `length` steps long; what reaches beyond the episode's end is padding,
which repeats its last step and lies outside the mask. So ragged data need no padded copies.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from stages.seeding import Seeds, generator
from stages.training.draws import Draws
from stages.training.rows import Batch, Rows


class Windows:
    """All windows of some episodes, numbered episode by episode and step by step.

    Args:
        rows: Columns of all steps.
        starts: First step of each episode; episodes may overlap, and occur more than once.
        ends: Step after its last one.
        length: Steps per window.
    """

    def __init__(
        self, rows: Rows, starts: Int[np.ndarray, "episodes"], ends: Int[np.ndarray, "episodes"], length: int
    ) -> None:
        self.rows, self.length, self.device = rows, length, rows.device
        self.starts, self.ends = (torch.from_numpy(steps).to(self.device) for steps in (starts, ends))
        self.past = (self.ends - self.starts).cumsum(0)
        self.offsets = torch.arange(length, device=self.device)
        self.num_windows = int((ends - starts).sum())

    def __len__(self) -> int:
        return self.num_windows

    def gather(self, index: Int[Tensor, "seeds batch"]) -> Batch:
        """The windows at `index` by column name, each ``[seeds, batch, length, width]``.

        Besides the columns there are ``times``, the steps since the episode's start, and ``mask``, 0 where a window
        is padded and 1 elsewhere, both ``[seeds, batch, length]``.
        """
        episode = self.episode(index)
        steps, mask = self.steps(episode, self.ends[episode] - self.past[episode] + index)
        times = steps - self.starts[episode][..., None]
        return self.rows.at(steps) | {"times": times, "mask": mask.float()}

    def episode(self, index: Int[Tensor, "seeds batch"]) -> Int[Tensor, "seeds batch"]:
        """The episode of each window."""
        return torch.bucketize(index, self.past, right=True)

    def steps(
        self, episode: Int[Tensor, "seeds batch"], first: Int[Tensor, "seeds batch"]
    ) -> tuple[Int[Tensor, "seeds batch length"], Bool[Tensor, "seeds batch length"]]:
        """The steps of the windows that begin at `first`, and which of them are no padding."""
        steps, last = first[..., None] + self.offsets, self.ends[episode][..., None] - 1
        return steps.clamp(max=last), steps <= last

    def random_first(
        self, episode: Int[Tensor, "seeds batch"], noise: Float[Tensor, "seeds batch"]
    ) -> Int[Tensor, "seeds batch"]:
        """Where a window of each `episode` begins that standard-normal `noise` places uniformly, unpadded if it can."""
        room = (self.ends[episode] - self.starts[episode] - self.length).clamp(min=0)
        return self.starts[episode] + torch.minimum((torch.special.ndtr(noise) * (room + 1)).long(), room)

    @property
    def per_episode(self) -> Int[Tensor, "episodes"]:
        """Into how many consecutive windows each episode is cut."""
        return (self.ends - self.starts + self.length - 1) // self.length

    def consecutive(self, windows_at_once: int) -> Iterator[tuple[Int[Tensor, "batch"], Int[Tensor, "batch"]]]:
        """Episode and first step of all consecutive windows, some at a time."""
        count = self.per_episode
        episode = torch.arange(len(count), device=self.device).repeat_interleave(count)
        place = torch.arange(len(episode), device=self.device) - (count.cumsum(0) - count)[episode]
        first = self.starts[episode] + self.length * place
        yield from zip(episode.split(windows_at_once), first.split(windows_at_once), strict=True)


class WindowDraws(Draws):
    """Windows drawn by episode: an episode by its weight, then any of its steps as the first.

    Args:
        seeds: Seeds of the block.
        lengths: Steps of each episode.
        weights: How often it is drawn, up to a factor.
        batch_size: Windows per step and seed.
        chunk_steps: Steps drawn at once.
    """

    def __init__(
        self,
        seeds: Seeds,
        lengths: Int[np.ndarray, "episodes"],
        weights: Float[np.ndarray, "episodes"],
        batch_size: int,
        chunk_steps: int = 256,
    ) -> None:
        super().__init__(seeds, int(lengths.sum()), batch_size, chunk_steps)
        self.lengths, self.past = lengths, np.cumsum(weights / weights.sum())
        self.first = np.cumsum(lengths) - lengths

    def index_chunk(self, seed: int, position: int) -> np.ndarray:
        place = generator(seed, "windows", position).random((2, self.chunk_steps, self.batch_size))
        episode = np.minimum(np.searchsorted(self.past, place[0], side="right"), len(self.past) - 1)
        index: np.ndarray = self.first[episode] + (place[1] * self.lengths[episode]).astype(np.int64)
        return index

"""Windows of consecutive steps out of episodes, gathered on the fly from flat arrays.

A window begins at any step of an episode and is `length` steps long; what reaches beyond the episode's end is padding,
which repeats its last step and has mask 0. An episode may occur more than once, each time with its own shift of the
returns and costs that its steps are told to lead to: only the shifts are stored.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from stages.seeding import Seeds, generator
from stages.training.draws import Draws
from stages.training.rows import Batch, Rows

RETURNS, COSTS = "returns_to_go", "costs_to_go"


@dataclass(frozen=True)
class Labelled:
    """Episodes to train on, with what is added to their returns-to-go and costs-to-go."""

    episodes: Int[np.ndarray, "labelled"]
    return_shifts: Float[np.ndarray, "labelled"]
    cost_shifts: Float[np.ndarray, "labelled"]


class Windows(Rows):
    """All windows of the labelled episodes, numbered episode by episode and step by step.

    Args:
        columns: Arrays over the steps of the dataset, among them ``returns_to_go`` and ``costs_to_go``, to which the
            shifts are added.
        starts: First step of each labelled episode.
        ends: Step after its last one.
        shifts: Its shift of returns and of costs, in the units of the columns.
        length: Steps per window.
        device: Where everything lives.
    """

    def __init__(
        self,
        columns: dict[str, Tensor],
        starts: Int[np.ndarray, "labelled"],
        ends: Int[np.ndarray, "labelled"],
        shifts: Float[Tensor, "labelled 2"],
        length: int,
        device: torch.device | str = "cpu",
    ) -> None:
        super().__init__(columns, device)
        self.starts, self.ends = (torch.from_numpy(steps).to(device) for steps in (starts, ends))
        self.past = (self.ends - self.starts).cumsum(0)
        self.shifts = shifts.to(device)
        self.offsets = torch.arange(length, device=device)
        self.num_windows = int(self.past[-1])

    def __len__(self) -> int:
        return self.num_windows

    def gather(self, index: Int[Tensor, "seeds batch"]) -> Batch:
        """The windows at `index` by column name, each ``[seeds, batch, length, width]``.

        Besides the columns there are ``times``, the steps since the episode's start, and ``mask``, 0 where a window
        is padded and 1 elsewhere, both ``[seeds, batch, length]``.
        """
        episode = torch.bucketize(index, self.past, right=True)
        first = self.ends[episode] - self.past[episode] + index
        steps = first[..., None] + self.offsets
        last = self.ends[episode][..., None] - 1
        picked = self.matrix[steps.clamp(max=last)]
        batch = dict(zip(self.widths, picked.split(list(self.widths.values()), dim=-1), strict=True))
        shifts = self.shifts[episode][:, :, None]
        batch[RETURNS] = batch[RETURNS] + shifts[..., :1]
        batch[COSTS] = batch[COSTS] + shifts[..., 1:]
        batch["times"] = steps.clamp(max=last) - self.starts[episode][..., None]
        batch["mask"] = (steps <= last).float()
        return batch


class WindowDraws(Draws):
    """Windows drawn by episode: an episode by its weight, then any of its steps as the first.

    Args:
        seeds: Seeds of the block.
        lengths: Steps of each labelled episode.
        weights: How often it is drawn, up to a factor.
        batch_size: Windows per step and seed.
        chunk_steps: Steps drawn at once.
    """

    def __init__(
        self,
        seeds: Seeds,
        lengths: Int[np.ndarray, "labelled"],
        weights: Float[np.ndarray, "labelled"],
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

"""Windows of episodes, gathered from the flat arrays whenever a step needs them: ragged data without padded copies.

A window is at most `length` contiguous steps of one episode. Training draws windows at random places; an episode of
several times the length has as many rows to be drawn, so that every step of the dataset counts about equally. What is
said about a whole episode in the end is the mean over the consecutive windows that it is cut into.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from stages.datasets.episodes import EpisodeDataset
from stages.training.rows import Rows


@dataclass(frozen=True)
class Window:
    """A batch of windows, time first.

    Attributes:
        observations: Network inputs; beyond a window's end its last step is repeated.
        actions: Normalised actions, or numbers of discrete ones.
        mask: Which steps belong to the window.
    """

    observations: Float[Tensor, "seeds time batch observation"]
    actions: Float[Tensor, "seeds time batch action"]
    mask: Bool[Tensor, "seeds time batch"]


class Windows:
    """Windows of the episodes of a dataset.

    Args:
        rows: Columns `observations` and `actions` of its steps.
        dataset: Where the episodes begin and end.
        length: Steps of a window at most.
    """

    def __init__(self, rows: Rows, dataset: EpisodeDataset, length: int) -> None:
        device = rows.matrix.device
        self.rows = rows
        self.starts = torch.from_numpy(dataset.episode_starts).to(device)
        self.lengths = torch.from_numpy(dataset.episode_lengths).to(device)
        self.length = min(length, int(dataset.episode_lengths.max()))
        self.per_episode = (self.lengths + self.length - 1) // self.length

    @property
    def episodes(self) -> Int[Tensor, "windows"]:
        """The episode of each consecutive window; also the rows that training draws from."""
        return torch.arange(len(self.lengths), device=self.lengths.device).repeat_interleave(self.per_episode)

    @property
    def mean_steps(self) -> float:
        """Mean number of steps of the windows that training draws."""
        return float(self.lengths[self.episodes].clamp(max=self.length).double().mean())

    def at_random(self, episodes: Int[Tensor, "seeds batch"], noise: Float[Tensor, "seeds batch"]) -> Window:
        """A window of each of the `episodes`, at a place that standard-normal `noise` draws uniformly."""
        lengths = self.lengths[episodes]
        room = (lengths - self.length).clamp(min=0)
        offset = torch.minimum((torch.special.ndtr(noise) * (room + 1)).long(), room)
        return self._gathered(self.starts[episodes] + offset, lengths.clamp(max=self.length))

    def consecutive(self, windows_at_once: int) -> Iterator[tuple[Int[Tensor, "batch"], Window]]:
        """All consecutive windows, some at a time, with the episode of each; their seed axis has length 1."""
        episodes = self.episodes
        firsts = torch.cumsum(self.per_episode, 0) - self.per_episode
        offsets = (torch.arange(len(episodes), device=episodes.device) - firsts[episodes]) * self.length
        for start in range(0, len(episodes), windows_at_once):
            own, offset = (values[start : start + windows_at_once] for values in (episodes, offsets))
            counts = (self.lengths[own] - offset).clamp(max=self.length)
            yield own, self._gathered((self.starts[own] + offset)[None], counts[None])

    def _gathered(self, first: Int[Tensor, "seeds batch"], count: Int[Tensor, "seeds batch"]) -> Window:
        time = torch.arange(self.length, device=first.device)[:, None]
        index = first[:, None] + torch.minimum(time, count[:, None] - 1)
        batch = self.rows.gather(index.flatten(1))
        shape = *index.shape, -1
        mask = time < count[:, None]
        return Window(batch["observations"].reshape(shape), batch["actions"].reshape(shape), mask)

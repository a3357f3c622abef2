"""Windows of episodes as the autoencoders read them, time first.

Training draws windows at random places; an episode of several times the length has as many rows to be drawn, so that
every step of the dataset counts about equally. What is said about a whole episode in the end is the mean over the
consecutive windows that it is cut into.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from stages.datasets.episodes import EpisodeDataset
from stages.training.rows import Rows
from stages.training.windows import Windows


@dataclass(frozen=True)
class Window:
    """A batch of windows.

    Attributes:
        observations: Network inputs; beyond a window's end its last step is repeated.
        actions: Normalised actions, or numbers of discrete ones.
        mask: Which steps belong to the window.
    """

    observations: Float[Tensor, "seeds time batch observation"]
    actions: Float[Tensor, "seeds time batch action"]
    mask: Bool[Tensor, "seeds time batch"]


class EpisodeWindows:
    """Windows of the episodes of a dataset.

    Args:
        rows: Columns `observations` and `actions` of its steps.
        dataset: Where the episodes begin and end.
        length: Steps of a window at most.
    """

    def __init__(self, rows: Rows, dataset: EpisodeDataset, length: int) -> None:
        longest = min(length, int(dataset.episode_lengths.max()))
        self.windows = Windows(rows, dataset.episode_starts, dataset.episode_ends, longest)
        self.per_episode = self.windows.per_episode

    @property
    def episodes(self) -> Int[Tensor, "windows"]:
        """The episode of each consecutive window; also the rows that training draws from."""
        return torch.arange(len(self.per_episode), device=self.windows.device).repeat_interleave(self.per_episode)

    @property
    def mean_steps(self) -> float:
        """Mean number of steps of the windows that training draws."""
        lengths = self.windows.ends - self.windows.starts
        return float(lengths[self.episodes].clamp(max=self.windows.length).double().mean())

    def at_random(self, episodes: Int[Tensor, "seeds batch"], noise: Float[Tensor, "seeds batch"]) -> Window:
        """A window of each of the `episodes`, at a place that standard-normal `noise` draws uniformly."""
        return self._at(episodes, self.windows.random_first(episodes, noise))

    def consecutive(self, windows_at_once: int) -> Iterator[tuple[Int[Tensor, "batch"], Window]]:
        """All consecutive windows, some at a time, with the episode of each; their seed axis has length 1."""
        for episodes, first in self.windows.consecutive(windows_at_once):
            yield episodes, self._at(episodes[None], first[None])

    def _at(self, episodes: Int[Tensor, "seeds batch"], first: Int[Tensor, "seeds batch"]) -> Window:
        steps, mask = self.windows.steps(episodes, first)
        columns = self.windows.rows.at(steps.mT)  # time first in memory: the recurrence reads a step in one piece
        return Window(columns["observations"], columns["actions"], mask.mT.contiguous())

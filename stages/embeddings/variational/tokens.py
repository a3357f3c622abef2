"""Episodes as rows of tokens for an encoder: every n-th step, padded to the longest episode, with a mask."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from stages.datasets.episodes import EpisodeDataset


@dataclass(frozen=True)
class Tokens:
    """The tokens of some episodes.

    Attributes:
        values: What is said of each step that became a token; zeros where there is none.
        mask: Which are tokens.
    """

    values: Float[Tensor, "some episodes tokens width"]
    mask: Bool[Tensor, "one episodes tokens"]

    @classmethod
    def of(cls, values: Float[Tensor, "some steps width"], dataset: EpisodeDataset, stride: int) -> Tokens:
        """Every `stride`-th step of each episode, its first one included.

        Args:
            values: What is said of every step of the dataset, by seed or of all alike.
            dataset: Where episodes begin and end.
            stride: Steps from one token to the next.
        """
        counts = (dataset.episode_lengths + stride - 1) // stride
        place = stride * np.arange(counts.max())
        rows = torch.from_numpy(dataset.episode_starts[:, None] + place).to(values.device)
        mask = torch.from_numpy(place < dataset.episode_lengths[:, None]).to(values.device)
        picked = values[:, torch.where(mask, rows, 0)] * mask[..., None]
        return cls(picked, mask[None])

    def at(self, episodes: Int[Tensor, "seeds batch"]) -> Tokens:
        """Those of the chosen episodes, by seed."""
        seed = torch.arange(len(episodes), device=episodes.device)[:, None] % len(self.values)
        return Tokens(self.values[seed, episodes], self.mask[0, episodes])

    def slice(self, start: int, stop: int) -> Tokens:
        """Those of a range of episodes, without the padding that none of them needs."""
        longest = int(self.mask[:, start:stop].sum(-1).max())
        return Tokens(self.values[:, start:stop, :longest], self.mask[:, start:stop, :longest])

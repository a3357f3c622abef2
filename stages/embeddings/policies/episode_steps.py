"""The steps of episodes that a policy is trained on, as networks see them."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from stages.datasets.episodes import EpisodeDataset
from stages.embeddings.steps import Steps
from stages.training.rows import Rows


class EpisodeSteps:
    """The steps of a dataset's episodes, as networks see them.

    Args:
        steps: The scaling.
        dataset: The episodes.
        device: Where the steps lie.
    """

    def __init__(self, steps: Steps, dataset: EpisodeDataset, device: torch.device | str = "cpu") -> None:
        self.rows: Rows = steps.rows(dataset, device)
        self.starts = torch.from_numpy(dataset.episode_starts).to(device)
        self.lengths = torch.from_numpy(dataset.episode_lengths).to(device)

    def at_random(
        self, episodes: Int[Tensor, "seeds batch"], noise: Float[Tensor, "seeds batch steps"]
    ) -> tuple[Float[Tensor, "seeds batch steps observation"], Float[Tensor, "seeds batch steps action"]]:
        """States and actions at steps of the `episodes` that standard normal `noise` draws uniformly."""
        lengths = self.lengths[episodes][..., None]
        places = torch.minimum((torch.special.ndtr(noise) * lengths).long(), lengths - 1)
        found = self.rows.at(self.starts[episodes][..., None] + places)
        return found["observations"], found["actions"]

    def evenly(
        self, episodes: Int[Tensor, "seeds batch"], count: int
    ) -> tuple[Float[Tensor, "seeds batch steps observation"], Float[Tensor, "seeds batch steps action"]]:
        """States and actions at `count` evenly spaced steps of the `episodes`; shorter ones repeat theirs."""
        lengths = self.lengths[episodes][..., None]
        places = (2 * torch.arange(count, device=lengths.device) + 1) * lengths // (2 * count)
        found = self.rows.at(self.starts[episodes][..., None] + places)
        return found["observations"], found["actions"]

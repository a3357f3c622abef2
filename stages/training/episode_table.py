"""Values that all rows of an episode share, such as cluster weights: looked up per row, for each seed its own."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from stages.training.rows import Batch


class EpisodeTable:
    """A value vector per seed and episode.

    Args:
        values: The table; kept, so changing it in place changes what is looked up.
    """

    def __init__(self, values: Float[Tensor, "seeds episodes width"]) -> None:
        self.values, self.flat = values, values.view(-1, values.shape[-1])
        self.offsets = torch.arange(values.shape[0], device=values.device)[:, None, None, None] * values.shape[1]

    @classmethod
    def one_hot(cls, labels: Int[Tensor, "seeds episodes"], num_clusters: int, device: torch.device) -> EpisodeTable:
        """The assignment ``A(s, a)`` of EMPO, Eq. 9, as unit vectors."""
        return cls(torch.nn.functional.one_hot(labels.long(), num_clusters).float().to(device))

    @property
    def width(self) -> int:
        return self.values.shape[-1]

    def rows_of(self, batch: Batch) -> Float[Tensor, "seeds 1 batch width"]:
        """The values of the episodes that the rows of `batch` belong to (its column `episode`)."""
        episode = batch["episode"].long() + self.offsets
        picked = self.flat.index_select(0, episode.view(-1))
        return picked.view(*episode.shape[:3], self.width)

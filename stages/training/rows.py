"""A dataset packed into one matrix, so that a minibatch is one gather instead of one per array."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from stages.networks.native.gather import gather
from stages.networks.native.loading import library

Batch = dict[str, Tensor]


@runtime_checkable
class Gatherable(Protocol):
    """What minibatches are gathered from: `Rows`, or whatever is made of them."""

    @property
    def device(self) -> torch.device: ...

    def __len__(self) -> int: ...

    def gather(self, index: Int[Tensor, "seeds *members batch"]) -> Batch:
        """What lies at `index`, by name."""
        ...


class Rows:
    """Columns side by side in one ``[num_rows, width]`` float32 matrix.

    Args:
        columns: Arrays of equal length, ``[num_rows]`` or ``[num_rows, width]``.
        device: Where the matrix lives.
    """

    def __init__(self, columns: dict[str, Tensor], device: torch.device | str = "cpu") -> None:
        matrices = {name: column.reshape(len(column), -1).float() for name, column in columns.items()}
        self.widths = {name: matrix.shape[1] for name, matrix in matrices.items()}
        self._widths = list(self.widths.values())
        self.matrix = torch.cat(list(matrices.values()), dim=1).to(device)

    @property
    def device(self) -> torch.device:
        return self.matrix.device

    def __len__(self) -> int:
        return len(self.matrix)

    def gather(self, index: Int[Tensor, "seeds *members batch"]) -> Batch:
        """The rows at `index` by column name, each ``[seeds, members, batch, width]``; without members, 1 of them."""
        return self._at(index, (len(index), 1, *index.shape[1:]) if index.dim() == 2 else index.shape)

    def at(self, index: Int[Tensor, "*any"]) -> Batch:
        """The rows at `index` by column name, each ``[*any, width]``."""
        return self._at(index, index.shape)

    def _at(self, index: Int[Tensor, "*any"], shape: Sequence[int]) -> Batch:
        found = None if self.matrix.is_cuda else library()
        if found is None:
            return self._split(self.matrix.index_select(0, index.reshape(-1)).view(*shape, -1))
        return self._split(gather(found, self.matrix, index.contiguous(), shape))

    def chunk(self, start: int, stop: int) -> Batch:
        """Rows ``start:stop`` by column name, each ``[1, 1, rows, width]``."""
        return self._split(self.matrix[start:stop].view(1, 1, stop - start, -1))

    def _split(self, picked: Float[Tensor, "*any width"]) -> Batch:
        # Not `picked.split(...)`, which takes twice as long.
        return dict(zip(self.widths, torch.split_with_sizes(picked, self._widths, -1), strict=True))

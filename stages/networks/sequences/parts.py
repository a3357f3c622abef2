"""Several networks and arrays of a block of seeds in one flat vector, so that they are trained as one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from stages.networks.ensemble import Ensemble

Views = dict[str, Tensor]


@dataclass(frozen=True)
class Block:
    """An array per seed: its shape, and the bound of its initial values, uniform around zero.

    Attributes:
        normal: Draw normal values instead, of standard deviation `scale`.
    """

    shape: tuple[int, ...]
    scale: float
    normal: bool = False

    def initialise(self, generators: Sequence[np.random.Generator]) -> Float[Tensor, "parameters"]:
        """Initial values of all seeds, flat."""
        size = prod(self.shape)
        drawn = [g.standard_normal(size) if self.normal else g.uniform(-1, 1, size) for g in generators]
        return torch.from_numpy(self.scale * np.concatenate(drawn)).float()


@dataclass(frozen=True)
class Parts:
    """What lies in the vector, in this order: ensembles of one network per seed, and bare arrays per seed."""

    parts: dict[str, Ensemble | Block]
    num_seeds: int

    def initialise(self, generators: Sequence[np.random.Generator]) -> Float[Tensor, "parameters"]:
        """Initial values, each seed's from its generator alone."""
        return torch.cat([part.initialise(generators) for part in self.parts.values()])

    def views(self, flat: Float[Tensor, "parameters"]) -> Views:
        """The parts by name, as views into `flat`: ``[seeds, *shape]``, flat of an ensemble."""
        pieces = flat.split([self._size(part) for part in self.parts.values()])
        return {
            name: piece if isinstance(part, Ensemble) else piece.view(self.num_seeds, *part.shape)
            for (name, part), piece in zip(self.parts.items(), pieces, strict=True)
        }

    def arrays(self, flat: Float[Tensor, "parameters"]) -> list[Float[Tensor, "seeds size"]]:
        """All arrays, those within ensembles too, one row per seed."""
        arrays = []
        for name, piece in self.views(flat).items():
            part = self.parts[name]
            arrays += part.arrays(piece) if isinstance(part, Ensemble) else [piece.view(self.num_seeds, -1)]
        return arrays

    def _size(self, part: Ensemble | Block) -> int:
        return part.num_parameters if isinstance(part, Ensemble) else self.num_seeds * prod(part.shape)

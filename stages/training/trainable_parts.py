"""Several networks and arrays trained as one; a seed that has finished can be held while the others go on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from stages.networks.ensemble import Ensemble
from stages.networks.sequences.parts import Block, Parts, Views
from stages.training.seedwise_adam import SeedwiseAdam


class TrainableParts(SeedwiseAdam):
    """Parameters of a block of seeds being optimised.

    Args:
        parts: Networks and arrays by name.
        generators: One per seed, for the initial values.
        learning_rate: Adam's step size.
        clip_norm: Largest norm of a seed's gradient.
        device: Where parameters live.
    """

    def __init__(
        self,
        parts: Mapping[str, Ensemble | Block],
        generators: Sequence[np.random.Generator],
        learning_rate: float,
        clip_norm: float,
        device: torch.device | str = "cpu",
    ) -> None:
        self.parts = Parts(dict(parts), len(generators))
        super().__init__(self.parts.initialise(generators), learning_rate, device, self.parts.arrays, clip_norm)
        self.running = torch.ones(len(generators), dtype=torch.bool, device=device)

    def views(self) -> Views:
        """The parts by name, as views that gradients flow through: ``[seeds, *shape]``, flat of an ensemble."""
        return self.parts.views(self.parameters)

    @torch.no_grad()
    def set(self, name: str, values: Float[Tensor, "seeds *shape"]) -> None:
        """Replace an array."""
        self.views()[name].copy_(values)

    @torch.no_grad()
    def of(self, chosen: Int[Tensor, "chosen"]) -> Float[Tensor, "parameters"]:
        """The parameters of some seeds alone, flat."""
        return torch.cat([array[chosen].flatten() for array in self.parts.arrays(self.parameters.detach())])

    def restart(self) -> None:
        """Begin a new training from the parameters as they are: no moments, every seed running."""
        super().restart()
        self.running.fill_(True)

    @torch.no_grad()
    def apply_gradient(self) -> None:
        """A step of every running seed."""
        before = self.parameters.clone()
        super().apply_gradient()
        self.parameters.copy_(torch.where(self.running[self.owner], self.parameters, before))

    def stop(self, chosen: Bool[Tensor, "seeds"]) -> None:
        """Hold the chosen seeds where they are."""
        self.running &= ~chosen.to(self.running.device)

    def tensors(self) -> dict[str, Tensor]:
        """All that an exact resume needs."""
        return {**super().tensors(), "running": self.running}

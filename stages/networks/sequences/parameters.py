"""Parameters of several networks trained as one, with a leading seed axis, and the optimiser that trains them.

A part is an `Ensemble` of one network per seed, or a bare array per seed. All lie in one flat vector, so that Adam is
one kernel; gradients are clipped seed by seed, and a seed that has finished can be held while the others go on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
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


class SequenceParameters:
    """Parameters of the networks of a block of seeds, being optimised.

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
        self.parts, self.clip_norm, self.num_seeds = dict(parts), clip_norm, len(generators)
        drawn = {name: part.initialise(generators) for name, part in parts.items()}
        self.sizes = [len(values) for values in drawn.values()]
        self.flat = torch.cat(list(drawn.values())).to(device).requires_grad_()
        self.running = torch.ones(self.num_seeds, dtype=torch.bool, device=device)
        self.owner = self._seed_of_each_parameter().to(device)
        # A tensor, so that it can change between replays of a CUDA graph.
        self.learning_rate = torch.tensor(learning_rate, device=device)
        self.optimiser = torch.optim.Adam([self.flat], lr=self.learning_rate, fused=True, capturable=self.flat.is_cuda)
        self._create_optimiser_state()

    def views(self) -> Views:
        """The parts by name, as views that gradients flow through: ``[seeds, *shape]``, flat of an ensemble."""
        return self._cut(self.flat)

    @torch.no_grad()
    def set(self, name: str, values: Float[Tensor, "seeds *shape"]) -> None:
        """Replace an array."""
        self.views()[name].copy_(values)

    @torch.no_grad()
    def restart(self) -> None:
        """Begin a new training from the parameters as they are: no moments, every seed running."""
        for state in self._state():
            state.zero_()
        self.running.fill_(True)

    def minimise(self, loss: Float[Tensor, "seeds"]) -> None:
        """One clipped Adam step of every running seed on its own loss."""
        loss.sum().backward()
        with torch.no_grad():
            scale = (self.clip_norm / (self.gradient_norms() + 1e-12)).clamp(max=1)
            self.gradient.mul_(scale[self.owner])
            before = self.flat.clone()
            self.optimiser.step()
            self.flat.copy_(torch.where(self.running[self.owner], self.flat, before))
        self.flat.grad = None

    @property
    def gradient(self) -> Float[Tensor, "parameters"]:
        """The gradient accumulated so far."""
        return torch.zeros_like(self.flat) if self.flat.grad is None else self.flat.grad

    def gradient_norms(self) -> Float[Tensor, "seeds"]:
        """Its norm, seed by seed."""
        return torch.stack([array.square().sum(1) for array in self._arrays(self.gradient)]).sum(0).sqrt()

    def stop(self, chosen: Bool[Tensor, "seeds"]) -> None:
        """Hold the chosen seeds where they are."""
        self.running &= ~chosen.to(self.running.device)

    def tensors(self) -> dict[str, Tensor]:
        """All that an exact resume needs."""
        held = dict(zip(("exp_avg", "exp_avg_sq", "step"), self._state(), strict=True))
        return {**held, "parameters": self.flat.detach(), "running": self.running}

    def _cut(self, flat: Float[Tensor, "parameters"]) -> Views:
        pieces = zip(self.parts.items(), flat.split(self.sizes), strict=True)
        return {
            name: piece if isinstance(part, Ensemble) else piece.view(self.num_seeds, *part.shape)
            for (name, part), piece in pieces
        }

    def _arrays(self, flat: Float[Tensor, "parameters"]) -> list[Float[Tensor, "seeds size"]]:
        """All arrays, those within ensembles too, one row per seed."""
        arrays = []
        for name, piece in self._cut(flat).items():
            part = self.parts[name]
            arrays += part.views(piece) if isinstance(part, Ensemble) else [piece]
        return [array.view(self.num_seeds, -1) for array in arrays]

    def _seed_of_each_parameter(self) -> Int[Tensor, "parameters"]:
        owner = torch.empty(len(self.flat))
        for array in self._arrays(owner):
            array.copy_(torch.arange(self.num_seeds)[:, None])
        return owner.long()

    def _state(self) -> list[Tensor]:
        state = self.optimiser.state[self.flat]
        return [state["exp_avg"], state["exp_avg_sq"], state["step"]]

    def _create_optimiser_state(self) -> None:
        # Adam creates its moments at the first step; a step of size zero makes them now, so that checkpoints and graph
        # captures find every tensor in place.
        rate = self.learning_rate.clone()
        self.learning_rate.zero_()
        self.flat.grad = torch.zeros_like(self.flat)
        self.optimiser.step()
        self.flat.grad = None
        self.learning_rate.copy_(rate)
        self.restart()

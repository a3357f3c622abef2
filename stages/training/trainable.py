"""An ensemble together with what training adds to it: its parameters, their optimiser and maybe a target copy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from stages.networks.ensemble import Ensemble
from stages.networks.native.gradient import by_autograd
from stages.training.seedwise_adam import SeedwiseAdam


class Trainable(SeedwiseAdam):
    """Parameters of an `Ensemble` being optimised.

    Args:
        ensemble: Shape of the networks.
        generators: One per seed, for the initial weights.
        learning_rate: Adam's step size.
        device: Where parameters live.
        target: Whether to keep a target copy (starting equal to the parameters).
        options: Clipping, weight decay, schedule: see `SeedwiseAdam`.
    """

    def __init__(
        self,
        ensemble: Ensemble,
        generators: Sequence[np.random.Generator],
        learning_rate: float,
        device: torch.device | str = "cpu",
        target: bool = False,
        **options: Any,
    ) -> None:
        super().__init__(ensemble.initialise(generators), learning_rate, device, ensemble.arrays, **options)
        self.ensemble = ensemble
        self.target_parameters = self.parameters.detach().clone() if target else None

    def __call__(self, inputs: Float[Tensor, "seeds m batch in"]) -> Float[Tensor, "seeds members batch out"]:
        return self.ensemble(self.parameters, inputs)

    def descend(
        self,
        inputs: Float[Tensor, "seeds m batch in"],
        loss_of: Callable[[Float[Tensor, "seeds members batch out"]], Float[Tensor, "*losses"]],
    ) -> Float[Tensor, "*losses"]:
        """One step on the sum of the losses of what the networks put out, which are returned.

        For losses of one evaluation; `minimise` takes any, and gives the same step a little later.
        """
        losses, gradient = self.ensemble.losses_and_gradient(self.parameters, inputs, by_autograd(loss_of))
        self._follow(gradient)
        return losses

    def regress(
        self,
        inputs: Float[Tensor, "seeds m batch in"],
        target: Float[Tensor, "seeds _ batch out"],
        weights: Float[Tensor, "seeds 1 batch _"] | None = None,
    ) -> Float[Tensor, "seeds"]:
        """One step on each network's mean squared error; the errors, summed over the members of a seed.

        The same step as by `descend`, without autograd. The native layer finds errors and gradient in one call, network
        by network: what the forward pass of one leaves is still in the cache when the backward pass needs it.

        Args:
            inputs: As of a call.
            target: What the networks should put out; with weights of width 1.
            weights: The sum of a network's outputs with these weights is compared; None: every output.
        """
        errors, gradient = self.ensemble.errors_and_gradient(self.parameters, inputs, target, weights)
        self._follow(gradient)
        return errors.square().mean((2, 3)).sum(1)

    def _follow(self, gradient: Tensor) -> None:
        self.parameters.grad = gradient.contiguous()
        self.apply_gradient()

    def target(self, inputs: Float[Tensor, "seeds m batch in"]) -> Float[Tensor, "seeds members batch out"]:
        """Evaluate the target copy, without gradients."""
        return self.ensemble(self.target_parameters, inputs.detach())

    @torch.no_grad()
    def load(self, parameters: Float[Tensor, "parameters"]) -> None:
        """Start from the given parameters."""
        self.parameters.copy_(parameters)

    def move_target(self, rate: float) -> None:
        """``target <- (1 - rate) target + rate parameters``; rate 1 copies."""
        self.target_parameters.lerp_(self.parameters.detach(), rate)

    def tensors(self) -> dict[str, Tensor]:
        """All that an exact resume needs, the target copy too."""
        target = self.target_parameters
        return super().tensors() | ({} if target is None else {"target_parameters": target})

"""An ensemble together with what training adds to it: its parameters, an Adam optimiser and maybe a target copy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from stages.networks.ensemble import Ensemble


class Trainable:
    """Parameters of an `Ensemble` being optimised.

    Args:
        ensemble: Shape of the networks.
        generators: One per seed, for the initial weights.
        learning_rate: Adam's step size.
        device: Where parameters live.
        target: Whether to keep a target copy (starting equal to the parameters).
    """

    def __init__(
        self,
        ensemble: Ensemble,
        generators: Sequence[np.random.Generator],
        learning_rate: float,
        device: torch.device | str = "cpu",
        target: bool = False,
    ) -> None:
        self.ensemble = ensemble
        self.parameters = ensemble.initialise(generators).to(device).requires_grad_()
        self.target_parameters = self.parameters.detach().clone() if target else None
        # A tensor, so that it can change between replays of a CUDA graph.
        self.learning_rate = torch.tensor(learning_rate, device=device)
        on_gpu = self.parameters.is_cuda
        self.optimiser = torch.optim.Adam([self.parameters], lr=self.learning_rate, fused=True, capturable=on_gpu)
        self._calls_kernel = False
        self._create_optimiser_state()
        self._calls_kernel = not on_gpu and hasattr(torch, "_fused_adam_")

    def __call__(self, inputs: Float[Tensor, "seeds m batch in"]) -> Float[Tensor, "seeds members batch out"]:
        return self.ensemble(self.parameters, inputs)

    @torch.no_grad()
    def target(self, inputs: Float[Tensor, "seeds m batch in"]) -> Float[Tensor, "seeds members batch out"]:
        """Evaluate the target copy, without gradients."""
        return self.ensemble(self.target_parameters, inputs)

    @torch.no_grad()
    def load(self, parameters: Float[Tensor, "parameters"]) -> None:
        """Start from the given parameters."""
        self.parameters.copy_(parameters)

    @torch.no_grad()
    def restart(self) -> None:
        """Forget the optimiser's moments, as if training began here."""
        for name in ("exp_avg", "exp_avg_sq", "step"):
            self.optimiser.state[self.parameters][name].zero_()

    def minimise(self, loss: Float[Tensor, "..."]) -> None:
        """One Adam step on the sum of `loss`; summing over seeds keeps them independent."""
        loss.sum().backward()
        self.apply_gradient()

    def apply_gradient(self) -> None:
        """Adam step with the gradient accumulated so far, which is then cleared."""
        if self._calls_kernel and self.parameters.grad is not None:
            self._adam_kernel()
        else:
            self.optimiser.step()
        self.parameters.grad = None

    @torch.no_grad()
    def move_target(self, rate: float) -> None:
        """``target <- (1 - rate) target + rate parameters``; rate 1 copies."""
        self.target_parameters.lerp_(self.parameters, rate)

    def tensors(self) -> dict[str, Tensor]:
        """All that an exact resume needs: parameters, optimiser moments and step, step size, target copy."""
        state = self.optimiser.state[self.parameters]
        held = {k: state[k] for k in ("exp_avg", "exp_avg_sq", "step")}
        held |= {"parameters": self.parameters.detach(), "learning_rate": self.learning_rate}
        return held if self.target_parameters is None else {**held, "target_parameters": self.target_parameters}

    @torch.no_grad()
    def _adam_kernel(self) -> None:
        # What `optimiser.step()` calls in the end, without its checks, which take twice as long as the kernel itself:
        # SARSA at 64x3 becomes 13, 6 and 5 % faster with 1, 5 and 10 seeds. In a CUDA graph there is nothing to save.
        group, state = self.optimiser.param_groups[0], self.optimiser.state[self.parameters]
        state["step"] += 1
        torch._fused_adam_(
            [self.parameters], [self.parameters.grad], [state["exp_avg"]], [state["exp_avg_sq"]], [], [state["step"]],
            lr=self.learning_rate, beta1=group["betas"][0], beta2=group["betas"][1], eps=group["eps"],
            weight_decay=0.0, amsgrad=False, maximize=False,
        )  # fmt: skip

    def _create_optimiser_state(self) -> None:
        # Adam creates its moments at the first step; a step of size zero makes them now, so that checkpoints and graph
        # captures find every tensor in place.
        rate = self.learning_rate.clone()
        self.learning_rate.zero_()
        self.parameters.grad = torch.zeros_like(self.parameters)
        self.apply_gradient()
        self.learning_rate.copy_(rate)
        self.optimiser.state[self.parameters]["step"].zero_()

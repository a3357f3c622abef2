"""Adam for parameters ``[seeds, parameters]``, with what transformers need: warm-up, clipping, weight decay.

Gradients are clipped by the norm of each seed's own row, so that seeds trained together stay independent.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor


class SeedwiseAdam:
    """Parameters of all seeds being optimised by AdamW.

    Args:
        initial: Initial parameters, one row per seed.
        learning_rate: Step size after the warm-up.
        device: Where parameters live.
        warmup_steps: Steps over which the step size grows linearly; 0: none.
        clip_norm: Largest norm of a seed's gradient; None: any.
        weight_decay: Decoupled weight decay, in units of the step size.
    """

    def __init__(
        self,
        initial: Float[Tensor, "seeds parameters"],
        learning_rate: float,
        device: torch.device | str = "cpu",
        warmup_steps: int = 0,
        clip_norm: float | None = None,
        weight_decay: float = 0.0,
    ) -> None:
        self.parameters = initial.to(device, copy=True).requires_grad_()
        self.full_rate, self.warmup_steps, self.clip_norm = learning_rate, warmup_steps, clip_norm
        # A tensor, so that it can change between replays of a CUDA graph.
        self.rate = torch.zeros((), device=device)
        self.optimiser = torch.optim.AdamW(
            [self.parameters], lr=self.rate, weight_decay=weight_decay, fused=True, capturable=self.parameters.is_cuda
        )
        # A step of size zero creates the moments now, so that checkpoints and captures find every tensor in place.
        self.parameters.grad = torch.zeros_like(self.parameters)
        self.optimiser.step()
        self.optimiser.state[self.parameters]["step"].zero_()
        self.parameters.grad = None

    def minimise(self, loss: Float[Tensor, "seeds"]) -> None:
        """One step on each seed's loss."""
        loss.sum().backward()
        gradient, steps = self.parameters.grad, self.optimiser.state[self.parameters]["step"]
        assert gradient is not None
        if self.clip_norm is not None:
            size = gradient.norm(dim=1, keepdim=True)
            gradient.mul_((self.clip_norm / (size + 1e-6)).clamp(max=1))
        self.rate.copy_(self.full_rate * ((steps + 1) / max(self.warmup_steps, 1)).clamp(max=1))
        self.optimiser.step()
        self.parameters.grad = None

    def tensors(self) -> dict[str, Tensor]:
        """All that an exact resume needs: parameters, moments and step."""
        state = self.optimiser.state[self.parameters]
        return {"parameters": self.parameters.detach(), **{k: state[k] for k in ("exp_avg", "exp_avg_sq", "step")}}

"""Adam for the parameters of many seeds at once, the one optimiser of all learners.

Parameters are one tensor, so that a step is one kernel: a matrix ``[seeds, parameters]``, or a flat vector with a rule
that says which of it belongs to which seed. What becomes of a seed never depends on those beside it: losses are summed
over seeds, gradients are clipped by the norm of each seed's part.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import torch
from jaxtyping import Float, Int
from torch import Tensor

from stages.networks.native.adam import Adam
from stages.networks.native.gradient import gradient
from stages.networks.native.loading import library

Arrays = Callable[[Tensor], list[Tensor]]
Schedule = Callable[[Tensor], Tensor]
FIRST_DECAY, SECOND_DECAY, EPSILON = 0.9, 0.999, 1e-8  # Adam's own defaults


class SeedwiseAdam:
    """Parameters of all seeds being optimised by AdamW; without weight decay that is Adam.

    Args:
        initial: Initial parameters.
        learning_rate: Step size. Kept as a tensor `learning_rate`, which may be changed at any time.
        device: Where parameters live.
        arrays: Cuts a flat vector into arrays ``[seeds, size]``, in the order in which they lie in it; None: the
            parameters are ``[seeds, parameters]``.
        clip_norm: Largest norm of a seed's gradient; None: any.
        weight_decay: Decoupled weight decay, in units of the step size.
        schedule: See `follow`.
    """

    def __init__(
        self,
        initial: Float[Tensor, "*parameters"],
        learning_rate: float,
        device: torch.device | str = "cpu",
        arrays: Arrays | None = None,
        clip_norm: float | None = None,
        weight_decay: float = 0.0,
        schedule: Schedule | None = None,
    ) -> None:
        self.parameters = initial.to(device, copy=True).requires_grad_()
        self.arrays, self.clip_norm, self.weight_decay = arrays, clip_norm, weight_decay
        # Tensors, so that they can change between replays of a CUDA graph.
        self.learning_rate = torch.tensor(learning_rate, device=device)
        self.step = torch.zeros((), device=device)
        self.exp_avg, self.exp_avg_sq = (torch.zeros_like(self.parameters, requires_grad=False) for _ in range(2))
        self.follow(learning_rate, schedule)

    def follow(self, learning_rate: float, schedule: Schedule | None) -> None:
        """Let the step size be `learning_rate` times the schedule's share at the step made, counted from 1."""
        self.full_rate, self.schedule = learning_rate, schedule

    @torch.no_grad()
    def restart(self) -> None:
        """Forget the moments, as if training began here."""
        for state in (self.exp_avg, self.exp_avg_sq, self.step):
            state.zero_()

    def minimise(self, loss: Float[Tensor, "..."]) -> None:
        """One step on the sum of `loss`; summing over seeds keeps them independent."""
        self.parameters.grad = gradient(loss, self.parameters).contiguous()
        self.apply_gradient()

    def apply_gradient(self) -> None:
        """A step with the gradient accumulated so far, which is then cleared; nothing if there is none."""
        if self.parameters.grad is None:
            return
        if self.schedule is not None:
            self.learning_rate.copy_(self.full_rate * self.schedule(self.step + 1))
        if self.parameters.dtype == torch.float32 and not self.parameters.is_cuda and library() is not None:
            self._native.step(
                self.learning_rate, self.step, self.parameters, self.parameters.grad, self.exp_avg, self.exp_avg_sq
            )
        else:
            self._step_by_torch()
        self.parameters.grad = None

    @torch.no_grad()
    def _step_by_torch(self) -> None:
        if self.clip_norm is not None:
            self.parameters.grad.mul_(self._clip_factors())
        self.step += 1
        # What torch.optim.AdamW calls in the end, without its checks, which take twice as long as the kernel itself:
        # SARSA at 64x3 becomes 13, 6 and 5 % faster with 1, 5 and 10 seeds.
        torch._fused_adamw_(
            [self.parameters], [self.parameters.grad], [self.exp_avg], [self.exp_avg_sq], [], [self.step],
            lr=self.learning_rate, beta1=FIRST_DECAY, beta2=SECOND_DECAY, eps=EPSILON,
            weight_decay=self.weight_decay, amsgrad=False, maximize=False,
        )  # fmt: skip

    def tensors(self) -> dict[str, Tensor]:
        """All that an exact resume needs: parameters, moments, step and step size."""
        names = ("exp_avg", "exp_avg_sq", "step", "learning_rate")
        return {"parameters": self.parameters.detach(), **{name: getattr(self, name) for name in names}}

    def gradient_norms(self) -> Float[Tensor, "seeds"]:
        """Norm of each seed's gradient, as accumulated so far."""
        gradient = torch.zeros_like(self.parameters) if self.parameters.grad is None else self.parameters.grad
        if self.arrays is None:
            return gradient.norm(dim=1)
        return torch.stack([array.square().sum(1) for array in self.arrays(gradient)]).sum(0).sqrt()

    @cached_property
    def owner(self) -> Int[Tensor, "parameters"]:
        """The seed that each parameter of a flat vector belongs to, by its place in the block."""
        owner = torch.empty(self.parameters.shape, device=self.parameters.device)
        for array in self.arrays(owner):
            array.copy_(torch.arange(len(array), device=array.device)[:, None])
        return owner.long()

    @cached_property
    def _native(self) -> Adam:
        """The native layer's step."""
        found, parameters = library(), self.parameters.detach()
        assert found is not None
        if self.arrays is not None:
            blocks = self.arrays(parameters)
        else:
            blocks = [parameters if parameters.dim() == 2 else parameters.reshape(1, -1)]
        return Adam(
            found,
            [block.shape[1] for block in blocks],
            len(blocks[0]),
            (FIRST_DECAY, SECOND_DECAY),
            EPSILON,
            self.weight_decay,
            self.clip_norm,
            self._clip_guard,
        )

    @property
    def _clip_guard(self) -> float:
        """Against division by zero: that of the code that each layout came with, so that results are kept."""
        return 1e-6 if self.arrays is None else 1e-12

    def _clip_factors(self) -> Tensor:
        factors = (self.clip_norm / (self.gradient_norms() + self._clip_guard)).clamp(max=1)
        return factors[:, None] if self.arrays is None else factors[self.owner]


def warm_up(num_steps: int) -> Schedule:
    """A step size that rises in a line over `num_steps` steps, then stays; 0: it is full from the start."""
    return lambda step: (step / max(num_steps, 1)).clamp(max=1)

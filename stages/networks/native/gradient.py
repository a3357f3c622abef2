"""Gradients with respect to one tensor, by the shortest way into torch's engine."""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

Differentiated = Callable[[Tensor], tuple[Tensor, Tensor]]

# What `torch.autograd.grad` calls in the end. Its checks and conversions take some 20 us, a tenth of a step of SARSA at
# 64x3 with one seed.
_engine = getattr(torch.autograd.Variable, "_execution_engine", None)


def gradient(
    values: Float[Tensor, "*values"],
    parameters: Float[Tensor, "*shape"],
    slopes: Float[Tensor, "*values"] | None = None,
) -> Float[Tensor, "*shape"]:
    """Of the sum of `values`, each times its slope (None: 1)."""
    slopes = torch.ones_like(values) if slopes is None else slopes
    if _engine is None:
        return torch.autograd.grad(values, parameters, slopes)[0]
    found: Tensor = _engine.run_backward((values,), (slopes,), False, False, (parameters,), False, False)[0]
    return found


def by_autograd(loss_of: Callable[[Float[Tensor, "*outputs"]], Float[Tensor, "*losses"]]) -> Differentiated:
    """Maps outputs to their losses, without a graph, and the gradient of the losses' sum by the outputs."""

    def both(outputs: Tensor) -> tuple[Tensor, Tensor]:
        losses = loss_of(outputs.requires_grad_())
        return losses.detach(), gradient(losses, outputs)

    return both

"""Both sides of the bootstrapped error as gradients of critics: ``g'`` of the target at (s', a'), ``g`` at (s, a).

``inputs``: gradients of the value to the pair of observation and action. ``features``: what the output layer sees,
which is the gradient to its weights; it needs no second differentiation. a' is the action on record.

Only g carries gradients: the target is held.
"""

from __future__ import annotations

from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from stages.algorithms.twin_critics import TwinCritics, pairs_of
from stages.training.rows import Batch

Gradients = Literal["features", "inputs"]


def gradient_pairs(
    critics: TwinCritics, batch: Batch, gradients: Gradients
) -> tuple[Float[Tensor, "seeds 2 batch width"], Float[Tensor, "seeds 2 batch width"]]:
    """``g'`` and ``g`` of both critics."""
    following = torch.cat([batch["next_observations"], batch["next_actions"]], dim=-1)
    if gradients == "features":
        with torch.no_grad():
            target = critics.ensemble.features(critics.target_parameters, following)
        return target, critics.features(pairs_of(batch))
    each = following.repeat(1, 2, 1, 1).requires_grad_()
    values = critics.ensemble.twice_differentiable(critics.target_parameters, each)
    (target,) = torch.autograd.grad(values.sum(), each)
    return target, critics.input_gradients(pairs_of(batch))


def stacked(critics: TwinCritics, batch: Batch, gradients: Gradients) -> Float[Tensor, "seeds batch two_width"]:
    """``y = [g', g]``, each the mean over the two critics; without gradients."""
    sides = gradient_pairs(critics, batch, gradients)
    return torch.cat([side.detach().mean(1) for side in sides], dim=-1)

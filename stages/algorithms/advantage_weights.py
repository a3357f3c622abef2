"""Weights of cloned actions: the better one is than expected, the more of it is cloned."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from stages.networks import gaussian

LARGEST_WEIGHT = 100.0  # in the code of AWAC, IQL and Onestep RL


def advantage_weights(advantages: Float[Tensor, "*batch"], temperature: float) -> Float[Tensor, "*batch"]:
    """``min(exp(temperature * A), 100)``, without gradients."""
    return torch.exp(temperature * advantages.detach()).clamp(max=LARGEST_WEIGHT)


def weighted_cloning(
    outputs: Float[Tensor, "seeds 1 batch twice_action"],
    actions: Float[Tensor, "seeds 1 batch action"],
    weights: Float[Tensor, "seeds 1 batch 1"],
) -> Float[Tensor, "seeds"]:
    """``- w log pi(a | s)`` for Gaussians with bounded means, averaged over the batch."""
    log_prob = gaussian.log_prob(gaussian.bounded(outputs), actions)
    return -(weights[..., 0] * log_prob).mean((1, 2))

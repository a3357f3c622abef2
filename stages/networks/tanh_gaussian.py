"""Squashed Gaussian policies: actions are the tanh of a diagonal Gaussian's samples, so they lie in the box (-1, 1).

Source: Haarnoja et al., Soft Actor-Critic Algorithms and Applications, 2018, Appendix C.
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor

from stages.networks import gaussian

SIDE = 1 - 1e-6  # where recorded actions at the box's sides, whose density is without end, are taken to lie


def sample(
    outputs: Float[Tensor, "*batch twice_action"], noise: Float[Tensor, "*batch action"] | None
) -> Float[Tensor, "*batch action"]:
    """Actions ``tanh(mean + std * noise)``; without noise the tanh of the mean."""
    return torch.tanh(gaussian.sample(outputs, noise))


def sample_with_log_prob(
    outputs: Float[Tensor, "*batch twice_action"], noise: Float[Tensor, "*batch action"]
) -> tuple[Float[Tensor, "*batch action"], Float[Tensor, "*batch"]]:
    """Actions for standard normal `noise`, and their log density, summed over action coordinates."""
    mean, log_std = gaussian.mean_and_log_std(outputs)
    raw = mean + log_std.exp() * noise
    log_density = -(0.5 * noise.square() + log_std + gaussian.HALF_LOG_TWO_PI)
    return torch.tanh(raw), (log_density - _log_jacobian(raw)).sum(-1)


def log_prob(
    outputs: Float[Tensor, "*#batch twice_action"], actions: Float[Tensor, "*#batch action"]
) -> Float[Tensor, "*#batch"]:
    """Log density of `actions` in the box, summed over action coordinates."""
    raw = torch.atanh(actions.clamp(-SIDE, SIDE))
    return gaussian.log_prob(outputs, raw) - _log_jacobian(raw).sum(-1)


def _log_jacobian(raw: Float[Tensor, "*batch action"]) -> Float[Tensor, "*batch action"]:
    """``log(1 - tanh(x)^2)``, in a form that does not run out of digits."""
    return 2 * (math.log(2) - raw - torch.nn.functional.softplus(-2 * raw))

"""Squashed Gaussian policies: actions are the tanh of a diagonal Gaussian's samples, so they lie in the box (-1, 1).

Source: Haarnoja et al., Soft Actor-Critic Algorithms and Applications, 2018, Appendix C.
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor

from stages.networks import gaussian


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
    # log(1 - tanh(x)^2), in a form that does not run out of digits.
    jacobian = 2 * (math.log(2) - raw - torch.nn.functional.softplus(-2 * raw))
    return torch.tanh(raw), (log_density - jacobian).sum(-1)

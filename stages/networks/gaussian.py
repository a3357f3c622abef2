"""Diagonal Gaussian policies: a network's output read as mean and log standard deviation of each action coordinate."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

MIN_LOG_STD, MAX_LOG_STD = -5.0, 2.0
HALF_LOG_TWO_PI = 0.5 * math.log(2 * math.pi)


def mean_and_log_std(
    outputs: Float[Tensor, "*batch twice_action"],
) -> tuple[Float[Tensor, "*batch action"], Float[Tensor, "*batch action"]]:
    """Split a policy network's outputs; the log standard deviation is clipped to ``[-5, 2]``."""
    mean, log_std = outputs.chunk(2, dim=-1)
    return mean, log_std.clamp(MIN_LOG_STD, MAX_LOG_STD)


def log_prob(
    outputs: Float[Tensor, "*#batch twice_action"], actions: Float[Tensor, "*#batch action"]
) -> Float[Tensor, "*#batch"]:
    """Log density of `actions`, summed over action coordinates; batch axes broadcast."""
    mean, log_std = mean_and_log_std(outputs)
    scaled = (actions - mean) * torch.exp(-log_std)
    return -(0.5 * scaled.square() + log_std + HALF_LOG_TWO_PI).sum(-1)


def sample(
    outputs: Float[Tensor, "*batch twice_action"], noise: Float[Tensor, "*batch action"] | None
) -> Float[Tensor, "*batch action"]:
    """Actions ``mean + std * noise`` for standard normal `noise`; their mean without any."""
    mean, log_std = mean_and_log_std(outputs)
    return mean if noise is None else mean + torch.exp(log_std) * noise


def bounded(outputs: Float[Tensor, "*batch twice_action"]) -> Float[Tensor, "*batch twice_action"]:
    """Outputs whose mean is squashed into the box [-1, 1]: to be given to the other functions here.

    The density stays that of a Gaussian, so actions at the box's sides are as likely as they are.
    """
    mean, log_std = outputs.chunk(2, dim=-1)
    return torch.cat([torch.tanh(mean), log_std], dim=-1)


# What makes outputs ready for the functions above, by the name of their head in `stages.networks.action_heads`.
READINGS: dict[str, Callable[[Tensor], Tensor]] = {"gaussian": lambda outputs: outputs, "bounded_gaussian": bounded}

"""How a policy network's outputs become actions, by the name that is written into its file."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from stages.networks import gaussian, tanh_gaussian

ActionHead = Callable[[Tensor, Tensor | None], Tensor]
LogDensity = Callable[[Tensor, Tensor], Tensor]


def deterministic(outputs: Tensor, noise: Tensor | None) -> Tensor:
    """The tanh of the outputs, whatever the noise."""
    return torch.tanh(outputs)


def bounded_gaussian(outputs: Tensor, noise: Tensor | None) -> Tensor:
    """A Gaussian about a mean within the box; samples beyond it are brought to its side."""
    return gaussian.sample(gaussian.bounded(outputs), noise).clamp(-1, 1)


ACTION_HEADS: dict[str, ActionHead] = {
    "deterministic": deterministic,
    "gaussian": gaussian.sample,
    "bounded_gaussian": bounded_gaussian,
    "tanh_gaussian": tanh_gaussian.sample,
}

# Of heads that sample: ``(outputs, actions) -> log density``, summed over the coordinates of an action.
LOG_DENSITIES: dict[str, LogDensity] = {
    "gaussian": gaussian.log_prob,
    "bounded_gaussian": lambda outputs, actions: gaussian.log_prob(gaussian.bounded(outputs), actions),
    "tanh_gaussian": tanh_gaussian.log_prob,
}

"""Flows: a velocity field that carries standard normal noise to data along straight lines.

Source: Lipman et al., Flow Matching for Generative Modeling, ICLR 2023; Liu et al., Flow Straight and Fast, ICLR 2023.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

Velocity = Callable[[Tensor, Tensor], Tensor]
"""``(points [*batch, width], times [*batch, 1]) -> [*batch, width]``."""


def flow_loss(
    velocity: Velocity,
    noise: Float[Tensor, "*batch width"],
    data: Float[Tensor, "*batch width"],
    times: Float[Tensor, "*batch 1"],
) -> Float[Tensor, "*batch"]:
    """``||v(x_t, t) - (x - z)||^2 / width`` at ``x_t = (1 - t) z + t x``, for data x and noise z."""
    return (velocity(torch.lerp(noise, data, times), times) - (data - noise)).square().mean(-1)


def euler(velocity: Velocity, noise: Float[Tensor, "*batch width"], num_steps: int) -> Float[Tensor, "*batch width"]:
    """Where `noise` is carried from time 0 to 1, in steps of equal length."""
    points, times = noise, torch.zeros_like(noise[..., :1])
    for _ in range(num_steps):
        points = points + velocity(points, times) / num_steps
        times = times + 1 / num_steps
    return points

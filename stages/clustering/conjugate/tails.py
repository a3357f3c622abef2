"""Noise that is far larger than usual now and then: Student's t, by weights (Lange, Little and Taylor, 1989).

A hand slips, a sensor fails: under normal noise a single step, twenty standard deviations off, says more of a policy
than all others of its episode, and makes a cluster of it. With nu degrees of freedom the parabola that touches the
log-likelihood at a residual r weighs

    weight = 1 / (1 + r^2 / ((nu + 1) v)),   v = E[weight r^2]

so that what is far off counts little. `v` is the variance that the noise seems to have near its mode.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

FREEDOMS = (2.0, 3.0, 5.0, 8.0)
LEAST_GAIN = 0.01  # nats of a number, below which noise counts as normal
MOST_STEPS, ROUNDS = 20_000, 30


def tail_weights(
    residuals: Float[Tensor, "steps targets"], variance: Float[Tensor, "#steps targets"], freedom: float
) -> Float[Tensor, "steps targets"]:
    """What each residual counts, of 1."""
    return 1 / (1 + residuals.square() / ((freedom + 1) * variance))


def freedom_of(scaled: Float[Tensor, "steps targets"]) -> float | None:
    """Degrees of freedom of residuals over their scale; None: they are normal, or nearly so."""
    scaled = scaled[:: -(-len(scaled) // MOST_STEPS)]
    normal = -0.5 * (1 + scaled.square().mean(0).log() + torch.log(torch.tensor(2 * torch.pi))).mean()
    gains = {freedom: float(_log_density(scaled, freedom) - normal) for freedom in FREEDOMS}
    best = max(gains, key=lambda freedom: gains[freedom])
    return best if gains[best] > LEAST_GAIN else None


def _log_density(scaled: Float[Tensor, "steps targets"], freedom: float) -> Float[Tensor, ""]:
    """Mean logarithm of the likeliest Student's t of so many degrees of freedom, each target having its own scale."""
    variance = scaled.square().mean(0, keepdim=True)
    for _ in range(ROUNDS):
        variance = (tail_weights(scaled, variance, freedom) * scaled.square()).mean(0, keepdim=True)
    scale = (variance * (freedom + 1) / freedom).sqrt()
    return torch.distributions.StudentT(freedom, 0.0, scale).log_prob(scaled).mean()

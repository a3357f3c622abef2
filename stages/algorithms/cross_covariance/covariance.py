"""Cross-covariance of two sides of the same rows: its size, what of it chance makes, and what lies between groups.

``C = sum_i (g'_i - mean g') (g_i - mean g)^T / (n - 1)``, rows those of the target side g', columns those of the online
side g. Rows whose weight is 0 take no part.
"""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor

Side = Float[Tensor, "*batch rows width"]
Weights = Float[Tensor, "*#batch rows"]


def centred(values: Side, weights: Weights) -> Side:
    """Less their mean; 0 where the weight is 0."""
    counted = weights[..., None]
    mean = (counted * values).sum(-2, keepdim=True) / counted.sum(-2, keepdim=True).clamp(min=1)
    return counted * (values - mean)


def freedom(weights: Weights) -> Float[Tensor, "*#batch"]:
    """``n - 1``, at least 1."""
    return (weights.sum(-1) - 1).clamp(min=1)


def cross_covariance(target: Side, online: Side, weights: Weights) -> Float[Tensor, "*batch width width"]:
    """C."""
    product = centred(target, weights).mT @ centred(online, weights)
    return product / freedom(weights)[..., None, None]


def squared_norm_and_trace(
    target: Side, online: Side, weights: Weights
) -> tuple[Float[Tensor, "*batch"], Float[Tensor, "*batch"]]:
    """``||C||_F^2`` and ``tr C``; C itself is not formed where there are fewer rows than it has columns."""
    there, here = centred(target, weights), centred(online, weights)
    trace = (there * here).sum((-2, -1)) / freedom(weights)
    if there.shape[-2] < there.shape[-1]:
        squares = (there @ there.mT) * (here @ here.mT)
    else:
        squares = (there.mT @ here).square()
    return squares.sum((-2, -1)) / freedom(weights).square(), trace


def penalty(target: Side, online: Side, weights: Weights, trace_weight: float) -> Float[Tensor, "*batch"]:
    """``R = ||C||_F^2 + beta (tr C)^2``, beta the weight of the trace."""
    squared_norm, trace = squared_norm_and_trace(target, online, weights)
    return squared_norm + trace_weight * trace.square()


def floor(target: Side, online: Side, weights: Weights) -> Float[Tensor, "*batch"]:
    """What ``||C||_F^2`` is on average where the sides are independent: ``tr Sigma' tr Sigma / (n - 1)``."""
    there, here = variance(target, weights), variance(online, weights)
    return there * here / freedom(weights)


def variance(values: Side, weights: Weights) -> Float[Tensor, "*batch"]:
    """``tr Sigma`` of one side."""
    return centred(values, weights).square().sum((-2, -1)) / freedom(weights)


def within_and_between(
    target: Side, online: Side, groups: Float[Tensor, "*#batch rows groups"]
) -> tuple[Float[Tensor, "*batch width width"], Float[Tensor, "*batch width width"]]:
    """The two parts of C by the law of total covariance, all divided by n instead of n - 1.

    Args:
        target: g'.
        online: g.
        groups: Each row's group as a unit vector, or 0 for rows that take no part.

    Returns:
        ``E[C_z]`` and ``Cov(mean g'_z, mean g_z)``, which sum to C.
    """
    everything = groups.sum(-1)
    number = everything.sum(-1)[..., None, None].clamp(min=1)
    sizes = groups.sum(-2)[..., None]
    there, here = (centred(values, everything) for values in (target, online))
    means_there, means_here = (groups.mT @ values / sizes.clamp(min=1) for values in (there, here))
    between = (sizes * means_there).mT @ means_here / number
    return there.mT @ here / number - between, between

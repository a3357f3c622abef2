"""Episodes of linear policies that differ a little even where one policy made them: random effects.

    a_t = f(s_t) + (w_z + delta_i)^T phi(s_t) + n_t,   phi(s) = (1, s)

`f` is the policy of all episodes together, `w_z` what cluster z does otherwise, `delta_i` what is peculiar to episode
i, `n` the noise (`noise.py`). All of it is Gaussian. With the peculiarities integrated out, an episode enters by

    Lambda_i = X_i - X_i M_i X_i,   eta_i = g_i - X_i M_i g_i,   M_i = (Omega^-1 + X_i)^-1

where ``X_i = sum phi phi^T`` and ``g_i = sum phi r`` of its whitened steps, and a group's evidence
relative to ``w = 0`` is

    log sum_c 1/C N(...) = log mean_c exp( eta^T (Lambda + 1 / (c Psi))^-1 eta / 2 - log |1 + c Psi Lambda| / 2 )

Scales c let rare policies be far from all others. The spread of the episodes, Psi, is estimated from all of them, one
variance for each coefficient, so that coefficients in which episodes do not differ count nothing; Omega, the spread
within clusters, from a partition. The prior of partitions is that of a Chinese restaurant, ``log Gamma(n)`` for a group
of n; its concentration is integrated out, so that twenty clusters make a twenty-first likelier than one a second. How
loud an episode's noise is and how long it lasts are further coefficients (`noise_effects.py`).

Source: linear mixed models (Laird and Ware, 1982); two covariances as in probabilistic linear discriminant analysis
(Prince and Elder, 2007). Units of observations and actions do not matter.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

SCALES = (1.0, 30.0, 1000.0)  # c: policies as different as usual, and rare ones
ROUNDS, SETTLED = 60, 0.02
SMALLEST, LARGEST = 1e-8, 1e6  # variance of a coefficient
HELD = 1e-9  # of what is known on average: what nothing is known about stays where it is
UNKNOWN_SPREAD = 0.1  # initial Omega / Psi; it is estimated after the first partition


def posterior(
    precision: Float[Tensor, "*batch p p"], moment: Float[Tensor, "*batch p"], variance: Float[Tensor, "*#batch p"]
) -> tuple[Float[Tensor, "*batch p"], Float[Tensor, "*batch p p"]]:
    """Mean and covariance of coefficients with prior variances, ``M = (1 / variance + X)^-1`` without the division."""
    root = variance.sqrt()
    scaled = root[..., :, None] * precision * root[..., None, :]
    inverse = torch.linalg.inv(scaled + torch.eye(scaled.shape[-1], dtype=torch.float64))
    covariance = root[..., :, None] * inverse * root[..., None, :]
    return (covariance @ moment[..., None])[..., 0], covariance


def degrees_of(
    precision: Float[Tensor, "episodes targets p p"], covariance: Float[Tensor, "episodes targets p p"]
) -> Float[Tensor, "episodes targets"]:
    """Parameters that each episode is fitted with."""
    return torch.einsum("napq,naqp->na", precision, covariance)


def common_to_all(
    precision: Float[Tensor, "episodes targets p p"],
    moment: Float[Tensor, "episodes targets p"],
    variance: Float[Tensor, "targets p"],
) -> Float[Tensor, "targets p"]:
    """What all episodes have in common, by generalised least squares."""
    shifts = []
    for target in range(len(variance)):
        reduced, remaining, _ = absorbed(precision[:, target], moment[:, target], variance[target])
        total = reduced.sum(0)
        total.diagonal().add_(HELD * total.diagonal().mean().clamp(min=1e-30))
        shifts.append(torch.linalg.solve(total, remaining.sum(0)))
    return torch.stack(shifts)


def spread(
    precision: Float[Tensor, "episodes targets p p"],
    moment: Float[Tensor, "episodes targets p"],
    start: Float[Tensor, "targets p"],
) -> Float[Tensor, "targets p"]:
    """Variance of each coefficient over episodes, of highest marginal likelihood (MacKay, 1992)."""
    variance = start
    for _ in range(ROUNDS):
        mean, covariance = posterior(precision, moment, variance)
        determined = (1 - covariance.diagonal(dim1=-2, dim2=-1) / variance).sum(0).clamp(min=1e-3)
        before, variance = variance, (mean.square().sum(0) / determined).clamp(SMALLEST, LARGEST)
        moved = (variance / before).log().abs()[variance > 2 * SMALLEST]
        if moved.numel() == 0 or moved.max() < SETTLED:
            break
    return variance


def absorbed(
    precision: Float[Tensor, "episodes p p"], moment: Float[Tensor, "episodes p"], within: Float[Tensor, "p"]
) -> tuple[Float[Tensor, "episodes p p"], Float[Tensor, "episodes p"], Float[Tensor, "episodes"]]:
    """Lambda, eta, and the log-likelihood of each episode under w = 0, relative to that without peculiarities."""
    mean, covariance = posterior(precision, moment, within)
    reduced = precision - precision @ covariance @ precision
    root = within.sqrt()
    scaled = root[:, None] * precision * root + torch.eye(len(within), dtype=torch.float64)
    constant = (moment * mean).sum(1) / 2 - torch.linalg.slogdet(scaled)[1] / 2
    return (reduced + reduced.mT) / 2, moment - (precision @ mean[..., None])[..., 0], constant


def group_evidence(
    precision: Float[Tensor, "groups *targets p p"],
    moment: Float[Tensor, "groups *targets p"],
    between: Float[Tensor, "*targets p"],
) -> Float[Tensor, "groups scales"]:
    """Evidence of groups for all action coordinates together, for each scale c of the spread between clusters."""
    root, identity = between.sqrt(), torch.eye(between.shape[-1], dtype=torch.float64)
    scaled, moments = root[..., :, None] * precision * root[..., None, :], moment * root
    columns = []
    for scale in SCALES:
        lower = torch.linalg.cholesky(identity + scale * scaled)
        explained = torch.linalg.solve_triangular(lower, moments[..., None], upper=False).square().flatten(1).sum(1)
        columns.append(scale * explained / 2 - lower.diagonal(dim1=-2, dim2=-1).log().flatten(1).sum(1))
    return torch.stack(columns, 1)


def spread_within(
    precision: Float[Tensor, "episodes p p"],
    moment: Float[Tensor, "episodes p"],
    between: Float[Tensor, "p"],
    within: Float[Tensor, "p"],
    members: Sequence[Tensor],
    rounds: int = 5,
) -> Float[Tensor, "p"]:
    """Omega of one action coordinate given a partition, by expectation maximisation, at most `between`."""
    for _ in range(rounds):
        _, inner = posterior(precision, moment, within)
        reduced, remaining, _ = absorbed(precision, moment, within)
        total = torch.zeros_like(within)
        for group in members:
            mean, covariance = posterior(reduced[group].sum(0), remaining[group].sum(0), SCALES[-1] * between)
            errors = (inner[group] @ (moment[group] - precision[group] @ mean)[..., None])[..., 0]
            gain = inner[group] @ precision[group]
            variance = inner[group] + gain @ covariance @ gain.mT
            total += errors.square().sum(0) + variance.diagonal(dim1=1, dim2=2).sum(0)
        within = torch.minimum(total / len(moment), between).clamp(min=SMALLEST)
    return within


def about_clusters(
    precision: Float[Tensor, "episodes p p"],
    moment: Float[Tensor, "episodes p"],
    between: Float[Tensor, "p"],
    within: Float[Tensor, "p"],
    members: Sequence[Int[np.ndarray, "_"]],
) -> Float[Tensor, "episodes p"]:
    """Coefficients of the episodes by their cluster's policy and what is peculiar to them, w_z + delta_i."""
    reduced, remaining, _ = absorbed(precision, moment, within)
    found = torch.empty_like(moment)
    for group in map(torch.from_numpy, members):
        mean, _ = posterior(reduced[group].sum(0), remaining[group].sum(0), between)
        found[group] = mean + posterior(precision[group], moment[group] - precision[group] @ mean, within)[0]
    return found

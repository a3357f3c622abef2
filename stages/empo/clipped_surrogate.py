"""PPO's clipped surrogate objective."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True)
class ClippedSurrogate:
    """Value of the surrogate for each sample, and whether clipping holds its gradient at zero (1 or 0)."""

    objective: Float[Tensor, "*samples"]
    clipped: Float[Tensor, "*samples"]


def clipped_surrogate(
    log_ratio: Float[Tensor, "*samples"], advantages: Float[Tensor, "*samples"], clip_range: float
) -> ClippedSurrogate:
    """``min(rho A, clip(rho, 1 - eps, 1 + eps) A)`` (Schulman et al. 2017, Eq. 7; EMPO, Eq. 14).

    Args:
        log_ratio: ``log rho``, log-probability under the policy less that under the reference.
        advantages: A.
        clip_range: eps, in (0, 1).
    """
    ratio = torch.exp(log_ratio)
    plain, clipped = ratio * advantages, ratio.clamp(1 - clip_range, 1 + clip_range) * advantages
    return ClippedSurrogate(torch.minimum(plain, clipped), (clipped < plain).float())

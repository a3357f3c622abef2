"""Staying with the best cluster unless another is clearly better at a state.

    gain_f(s, z) = V_f(s, z) - V_f(s, home),   f the networks that each left a part of the episodes out
    followed       argmax_z [mean_f gain - t * error] where that is above 0, else home

``error`` is the jackknife's: ``sqrt((F - 1) / F * sum_f (gain_f - mean)^2)``.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor


def home_unless_better(
    values: Float[Tensor, "seeds folds batch clusters"],
    home: Int[Tensor, "seeds"],
    allowed: Bool[Tensor, "seeds batch clusters"],
    errors: float,
) -> Int[Tensor, "seeds batch"]:
    """The cluster to follow at each state.

    Args:
        values: Of following each cluster from there on.
        home: Each seed's best cluster; always allowed.
        allowed: Which others may be followed.
        errors: t: standard errors that a gain must be above 0.
    """
    place = home[:, None, None].expand(-1, values.shape[2], 1)
    gains = values - values.gather(3, place[:, None].expand(-1, values.shape[1], -1, -1))
    mean, folds = gains.mean(1), values.shape[1]
    error = ((folds - 1) / folds * (gains - mean[:, None]).square().sum(1)).sqrt()
    bound, best = (mean - errors * error).masked_fill(~allowed, -torch.inf).max(-1)
    return torch.where(bound > 0, best, place[..., 0])

"""Asymmetric least squares."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor


def expectile_loss(difference: Float[Tensor, "*batch"], expectile: float) -> Float[Tensor, "*batch"]:
    """``|tau - 1(u < 0)| u^2`` for ``u = target - prediction`` (Kostrikov et al. 2022, Eq. 5; EMPO, Section 3.3).

    Args:
        difference: u.
        expectile: tau in (0, 1); 0.5 gives half the squared error.
    """
    return torch.where(difference >= 0, expectile, 1 - expectile) * difference.square()

"""Categorical policies: a network's output read as logits of the discrete actions."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor


def log_prob(
    outputs: Float[Tensor, "*#batch num_actions"], actions: Float[Tensor, "*#batch 1"]
) -> Float[Tensor, "*#batch"]:
    """Log-probability of `actions`, whole numbers held as floats like all columns of `Rows`; batch axes broadcast."""
    log_probs = torch.log_softmax(outputs, dim=-1)
    index = actions.long().expand(*log_probs.shape[:-1], 1)
    return log_probs.gather(-1, index).squeeze(-1)

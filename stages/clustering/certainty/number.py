"""How probable each number of clusters is, by the evidence of the partitions along the merges.

    p(n) = exp(E_n) / sum_m exp(E_m),   E_n: evidence (tempered where the family of policies is) with n groups left

That is the posterior of n where any number is as probable as another beforehand and there are no partitions but those
that merging goes through. It is not known where K was given, or where something else than this evidence settled it:
clusters united since nothing is foretold by telling them apart, or with the episodes that joined later.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor


def probabilities(scores: Float[Tensor, "numbers"], chosen: int) -> Float[Tensor, "numbers"]:
    """Probability of N, N - 1, ..., 1 clusters; NaN if the evidence is not highest for the number that was chosen.

    Args:
        scores: Evidence in nats of N, N - 1, ..., 1 groups.
        chosen: The number of clusters found, 0 if it was given.
    """
    if len(scores) - int(scores.argmax()) != chosen:
        return torch.full_like(scores, torch.nan)
    return torch.softmax(scores, 0)

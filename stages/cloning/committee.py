"""A committee: networks of equal shape that act by the mean of their outputs, written as one wider network.

Hidden layers stand side by side, each unit seeing those of its own network alone, and the last layer takes the mean:

    W_1 = [W_1^1 ... W_1^C],   W_l = diag(W_l^1, ..., W_l^C),   W_L = [W_L^1; ...; W_L^C] / C,

so whatever takes a policy takes a committee.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from stages.networks.ensemble import Ensemble


def widened(sizes: tuple[int, ...], members: int) -> tuple[int, ...]:
    """Layer widths of a committee of `members` networks whose widths are `sizes`."""
    first, *hidden, last = sizes
    return first, *(width * members for width in hidden), last


def as_one(ensemble: Ensemble, parameters: Float[Tensor, "parameters"], members: int) -> Float[Tensor, "wide"]:
    """Parameters of the committees that every `members` networks of an ensemble, one after the other, make up.

    Args:
        ensemble: Of ``committees * members`` networks.
        parameters: Of it.
        members: Networks of a committee.
    """
    views = ensemble.views(parameters)
    blocks = []
    for place in range(0, len(views), 2):
        first, last = place == 0, place + 2 == len(views)
        blocks += [_weights(views[place], members, first, last), _biases(views[place + 1], members, last)]
    return torch.cat([block.flatten() for block in blocks])


def _weights(weights: Float[Tensor, "networks in out"], members: int, first: bool, last: bool) -> Tensor:
    """One layer's, inputs side by side unless it is the first, outputs unless it is the last."""
    _, width, out = weights.shape
    if first and last:
        return _biases(weights, members, last)
    apart = weights.view(-1, members, width, out)
    if first:
        return apart.transpose(1, 2).flatten(2)
    if last:
        return apart.flatten(1, 2) / members
    wide = weights.new_zeros(len(apart), members, width, members, out)
    for member in range(members):
        wide[:, member, :, member] = apart[:, member]
    return wide.flatten(3).flatten(1, 2)


def _biases(biases: Float[Tensor, "networks rows out"], members: int, last: bool) -> Tensor:
    """One layer's: side by side, or their mean in the last layer."""
    apart = biases.view(-1, members, *biases.shape[1:])
    return apart.mean(1) if last else apart.transpose(1, 2).flatten(2)

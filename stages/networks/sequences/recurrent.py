"""Layers over time, for all seeds in one batched product: a gated recurrence, and ways to pool its states.

Arrays are ``[seeds, time, batch, width]``.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor


def affine(
    x: Float[Tensor, "seeds *batch inputs"],
    weight: Float[Tensor, "seeds inputs outputs"],
    bias: Float[Tensor, "seeds 1 outputs"],
) -> Float[Tensor, "seeds *batch outputs"]:
    """``x W + b`` with each seed's own W and b."""
    return torch.baddbmm(bias, x.flatten(1, -2), weight).view(*x.shape[:-1], -1)


def recurrence(
    gates: Float[Tensor, "seeds time batch three_widths"],
    weight: Float[Tensor, "seeds width three_widths"],
    bias: Float[Tensor, "seeds 1 three_widths"],
) -> Float[Tensor, "seeds time batch width"]:
    """States of a gated recurrent unit (GRU) after each step, from a state of zeros.

    ``h' = n + u (h - n)`` with ``r, u = sigmoid(x_ru + h W_ru + b_ru)`` and ``n = tanh(x_n + r (h W_n + b_n))``.

    Args:
        gates: What the inputs add to reset gate r, update gate u and new state n.
        weight: W, what the state adds to them.
        bias: b.
    """
    width = weight.shape[1]
    state = gates.new_zeros(gates.shape[0], gates.shape[2], width)
    states = []
    for of_step in gates.unbind(1):
        from_state = torch.baddbmm(bias, state, weight)
        reset, update = torch.sigmoid(of_step[..., : 2 * width] + from_state[..., : 2 * width]).chunk(2, dim=-1)
        new = torch.tanh(torch.addcmul(of_step[..., 2 * width :], reset, from_state[..., 2 * width :]))
        state = torch.lerp(new, state, update)
        states.append(state)
    return torch.stack(states, dim=1)


def attention(
    scores: Float[Tensor, "seeds time batch heads"],
    states: Float[Tensor, "seeds time batch width"],
    mask: Bool[Tensor, "some time batch"],
) -> Float[Tensor, "seeds batch heads_times_width"]:
    """Mean of the states over time under each head's softmax of its scores; steps outside the mask have no weight."""
    weights = torch.softmax(scores.masked_fill(~mask[..., None], -torch.inf), dim=1)
    return torch.stack([(of_head * states).sum(1) for of_head in weights.split(1, dim=-1)], dim=2).flatten(2)


def last_state(
    states: Float[Tensor, "seeds time batch width"], mask: Bool[Tensor, "some time batch"]
) -> Float[Tensor, "seeds batch width"]:
    """The state after the last step inside the mask."""
    last = (mask.sum(1) - 1)[:, None, :, None].expand(states.shape[0], 1, *states.shape[2:])
    return states.gather(1, last)[:, 0]

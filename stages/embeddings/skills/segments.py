"""Segments of an episode: where they begin, the skill that lasts through each, and what it costs to tell them.

Arrays are ``[seeds, time, batch, ...]``. `reads` are 1 where a segment begins (a skill is read) and 0 elsewhere; they
carry the gradient of the probability that stands behind them.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor

Reads = Float[Tensor, "seeds time batch"]


def boundaries(
    log_odds: Float[Tensor, "seeds time batch"],
    noise: Float[Tensor, "seeds time batch"] | None,
    mask: Bool[Tensor, "seeds time batch"],
    temperature: Float[Tensor, ""] | float,
    least: int,
) -> Reads:
    """Draw where segments begin; straight-through, so that the gradient is that of the relaxed draw.

    A read fewer than `least` steps after the one before is none, and has no gradient. The first step is always one.
    Two Gumbel variables, for read and for copy, differ by a logistic one, so one number per step is enough.

    Args:
        log_odds: Of a boundary against none.
        noise: Standard normal, turned into logistic noise; None: the likelier is taken.
        mask: Steps that are no padding.
        temperature: Of the relaxed draw.
        least: Steps that a segment has at least (but for an episode's last).
    """
    drawn = log_odds if noise is None else log_odds + logistic(noise)
    soft = torch.sigmoid(drawn / temperature)
    free = free_steps(drawn.detach() > 0, least)
    hard = ((drawn > 0) & free & mask).float()
    reads = hard + free * mask * (soft - soft.detach())
    return torch.cat([mask[:, :1].float(), reads[:, 1:]], dim=1)


def logistic(noise: Float[Tensor, "*any"]) -> Float[Tensor, "*any"]:
    """Standard logistic noise from standard normal noise."""
    drawn: Tensor = torch.special.logit(torch.special.ndtr(noise), eps=1e-4)
    return drawn


def gumbel(noise: Float[Tensor, "*any"]) -> Float[Tensor, "*any"]:
    """Standard Gumbel noise from standard normal noise."""
    return -torch.log(-torch.special.ndtr(noise).clamp(1e-4, 1 - 1e-4).log())


def free_steps(wanted: Bool[Tensor, "seeds time batch"], least: int) -> Bool[Tensor, "seeds time batch"]:
    """Steps that lie `least` or more steps after the last boundary that counted, when the first step is one."""
    since = torch.full_like(wanted[:, 0], least, dtype=torch.int64)
    free = []
    for step, of_step in enumerate(wanted.unbind(1)):
        free.append(since >= least)
        begins = (free[-1] & of_step) if step else torch.ones_like(of_step)
        since = torch.where(begins, 1, since + 1)
    return torch.stack(free, dim=1)


def held(fresh: Float[Tensor, "seeds time batch width"], reads: Reads) -> Float[Tensor, "seeds time batch width"]:
    """What lasts through each segment: ``z_t = fresh_t`` where a segment begins, ``z_{t-1}`` elsewhere.

    One gather instead of a loop: `fresh` at the latest boundary. The gradient by `reads` is the loop's own: changing
    ``reads_t`` moves z by ``fresh_t - z_{t-1}`` at t and wherever z is copied from there, up to the next boundary. A
    sum of such terms, each zero in value, is added.
    """
    seeds, steps, batch, width = fresh.shape
    position = torch.arange(steps, device=fresh.device)[None, :, None]
    begin = torch.where(reads > 0, position, 0).cummax(1).values[..., None].expand(seeds, steps, batch, width)
    z = fresh.gather(1, begin)
    before = torch.cat([torch.zeros_like(z[:, :1]), z[:, :-1]], dim=1)
    moved = ((reads - reads.detach())[..., None] * (fresh - before).detach()).cumsum(1)
    until_begin = torch.cat([torch.zeros_like(moved[:, :1]), moved[:, :-1]], dim=1).gather(1, begin)
    return z + moved - until_begin


def code_length(reads: Reads, choice: Float[Tensor, "seeds time batch skills"]) -> Float[Tensor, "seeds"]:
    """Nats that tell the skills of an episode: boundaries per episode times the entropy of the skills read at them.

    ``n_s H[p]``, ``p`` the mean of the skills' probabilities over all boundaries (LOVE, Section 4.2). Its gradient by
    one boundary is what telling that boundary's skill takes, ``- sum_k q_k log p_k``; it never rewards a boundary.

    Args:
        reads: Where segments begin.
        choice: Probabilities of the skills at each step.
    """
    per_episode = reads.sum(1).mean(-1)
    return per_episode * entropy(marginal(reads, choice))


def marginal(reads: Reads, choice: Float[Tensor, "seeds time batch skills"]) -> Float[Tensor, "seeds skills"]:
    """How often each skill is read."""
    count = reads.sum((1, 2))
    return (reads[..., None] * choice).sum((1, 2)) / count[:, None]


def entropy(probabilities: Float[Tensor, "*any skills"]) -> Float[Tensor, "*any"]:
    """In nats."""
    return -(probabilities * probabilities.clamp(min=1e-12).log()).sum(-1)

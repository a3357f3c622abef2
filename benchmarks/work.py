"""Arithmetic in a step: floating-point operations of the matrix products, the only ones that count.

A product ``[m, k] x [k, n]`` is 2 m k n operations. Element-wise work, the optimiser and the gather are left out, so a
step that reached the speed of bare matrix products would have to do all of those in no time.
"""

from __future__ import annotations

from itertools import pairwise

Sizes = tuple[int, ...]


def forward(sizes: Sizes, batch: int) -> int:
    """Evaluating one network on a batch; its weight gradient takes as many operations."""
    return 2 * batch * sum(i * o for i, o in pairwise(sizes))


def training(sizes: Sizes, batch: int) -> int:
    """Forward, weight gradient, and the gradient through all layers but the first."""
    return 3 * forward(sizes, batch) - 2 * batch * sizes[0] * sizes[1]


def sarsa(q: Sizes, batch: int) -> int:
    """Target network forward and Q trained."""
    return forward(q, batch) + training(q, batch)


def high_level(q: Sizes, v: Sizes, batch: int) -> int:
    """V at the next observation, target Q forward, Q and V trained."""
    return forward(v, batch) + forward(q, batch) + training(q, batch) + training(v, batch)


def m_step(policy: Sizes, classifier: Sizes, num_clusters: int, batch: int) -> int:
    """All policies and the classifier trained."""
    return num_clusters * training(policy, batch) + training(classifier, batch)


def td3_bc(actor: Sizes, critic: Sizes, batch: int) -> float:
    """Target actor and both target critics forward, both critics trained; actor trained through one critic in two."""
    critics = forward(actor, batch) + 2 * forward(critic, batch) + 2 * training(critic, batch)
    return critics + 0.5 * (training(actor, batch) + 2 * forward(critic, batch))


def iql(actor: Sizes, critic: Sizes, value: Sizes, batch: int) -> int:
    """Advantages for values and for the actor, V at the next observation; values, actor and both critics trained."""
    advantages = 4 * forward(critic, batch) + forward(value, batch)
    trained = training(value, batch) + training(actor, batch) + 2 * training(critic, batch)
    return advantages + forward(value, batch) + trained


def c4(actor: Sizes, critic: Sizes, batch: int) -> float:
    """TD3+BC, with the features of both critics at the next pair, and those at the pair differentiated."""
    features = critic[:-1]
    return td3_bc(actor, critic, batch) + 2 * forward(features, batch) + 2 * training(features, batch)

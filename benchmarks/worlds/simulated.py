"""Episodes of given policies in a small linear world.

s' = clip(0.8 s + 0.3 B clip(a, -5, 5) + 0.1 noise, -5, 5),   s_0 ~ N(0, 1),   B ~ N(0, 1 / actions)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float
from scipy.special import softmax

from benchmarks.worlds.episodes import Walk, joined
from stages.datasets.episodes import EpisodeDataset

BOX = 5.0


@dataclass(frozen=True)
class Policy:
    """Mean action, noise scale and memory of the noise, and the box that actions are clipped to.

    Attributes:
        mean: Mean action in a state.
        scale: Standard deviation of the noise in a state.
        memory: Correlation of the noise of successive steps.
        limit: Largest action.
        idle: Values of further action coordinates, always the same.
        chooses: Whether the action is one of a number of choices, drawn with the softmax of `mean`; it pushes like
            its unit vector.
    """

    mean: Callable[[Float[np.ndarray, "state"]], Float[np.ndarray, "action"]]
    scale: Callable[[Float[np.ndarray, "state"]], float]
    memory: float = 0.0
    limit: float = np.inf
    idle: Sequence[float] = field(default=())
    chooses: bool = False


def linear(weights: Float[np.ndarray, "action state"], noise: float, **more: object) -> Policy:
    """``a = W s + noise``."""
    return Policy(lambda state: weights @ state, lambda state: noise, **more)


def choosing(weights: Float[np.ndarray, "action state"], offsets: Float[np.ndarray, "action"]) -> Policy:
    """``a ~ softmax(W s + b)``, one of a number of choices."""
    return Policy(lambda state: weights @ state + offsets, lambda state: 0.0, chooses=True)


def network(random: np.random.Generator, states: int, actions: int, noise: float) -> Policy:
    """A random network with one hidden layer of 32 units."""
    inner = 1.5 * random.standard_normal((32, states)) / np.sqrt(states)
    offsets = 0.5 * random.standard_normal(32)
    outer = 1.5 * random.standard_normal((actions, 32)) / np.sqrt(32)
    return Policy(lambda state: np.tanh(outer @ np.tanh(inner @ state + offsets)), lambda state: noise)


def episodes_of(
    random: np.random.Generator, policies: Sequence[Policy], counts: Sequence[int], steps: int, states: int
) -> EpisodeDataset:
    """Episodes of all policies in random order, `counts` of each."""
    truth = random.permutation(np.repeat(np.arange(len(counts)), counts))
    width = len(policies[0].mean(np.zeros(states)))
    pushes = random.standard_normal((states, width)) / np.sqrt(width)
    walks = [_walk(random, policies[z], pushes, steps) for z in truth]
    return joined(walks, truth, policies[0].chooses)


def following(seen: Sequence[np.ndarray]) -> np.ndarray:
    """The states that follow those seen; the last one, at which a walk is cut off, is taken to stay."""
    return np.concatenate([seen[1:], seen[-1:]])


def _walk(random: np.random.Generator, policy: Policy, pushes: np.ndarray, steps: int) -> Walk:
    states, width = pushes.shape
    state, lasting = random.standard_normal(states), random.standard_normal(width)
    seen, done = [], []
    for _ in range(steps):
        if policy.chooses:
            action = random.multinomial(1, softmax(policy.mean(state)))
        else:
            action = np.clip(policy.mean(state) + policy.scale(state) * lasting, -policy.limit, policy.limit)
        seen.append(state)
        done.append(np.concatenate([action, policy.idle]))
        lasting = policy.memory * lasting + np.sqrt(1 - policy.memory**2) * random.standard_normal(width)
        moved = 0.8 * state + 0.3 * pushes @ np.clip(action, -BOX, BOX) + 0.1 * random.standard_normal(states)
        state = np.clip(moved, -BOX, BOX)
    return np.array(seen), np.array(done), following(seen)

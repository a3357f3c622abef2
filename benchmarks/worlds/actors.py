"""Policies of the judging worlds: a mean or logits, and how actions depart from them.

An actor gets the states of all its episodes and what it remembers of them (None at their first step), and gives actions
and new memories.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Float
from scipy.special import softmax

States = Float[np.ndarray, "episodes state"]
Actions = Float[np.ndarray, "episodes action"]
Function = Callable[[States], Actions]
Actor = Callable[[np.random.Generator, States, Any], tuple[Actions, Any]]


def linear(weights: Float[np.ndarray, "state action"], offsets: Float[np.ndarray, "action"] | float = 0.0) -> Function:
    """``s W + b``."""
    return lambda states: states @ weights + offsets


def network(random: np.random.Generator, states: int, actions: int, size: float = 1.0) -> Function:
    """A random network with two hidden layers of 24 and 12 units; values are about `size` apart."""
    first, second = 1.6 * random.standard_normal((states, 24)) / np.sqrt(states), random.standard_normal((24, 12))
    offsets, last = 0.7 * random.standard_normal(24), random.standard_normal((12, actions)) / np.sqrt(12)
    return lambda states: size * np.tanh(np.tanh(states @ first + offsets) @ second / np.sqrt(12)) @ last


def moving(
    mean: Function,
    noise: float | Callable[[States], Float[np.ndarray, "episodes 1"]],
    correlation: float = 0.0,
    limit: float = np.inf,
    freedom: float = np.inf,
) -> Actor:
    """Actions are vectors: mean and noise.

    Args:
        mean: Mean action in a state.
        noise: Scale of the noise, or a function of the states that gives it.
        correlation: Of the noise of successive steps.
        limit: Largest action.
        freedom: Degrees of freedom of Student's t, which the noise follows; infinite for the normal distribution.
    """

    def act(random: np.random.Generator, states: States, lasting: Actions | None) -> tuple[Actions, Actions]:
        middle = mean(states)
        shock = random.standard_normal(middle.shape)
        if np.isfinite(freedom):
            shock /= np.sqrt(random.chisquare(freedom, shock.shape) / freedom)
        lasting = shock if lasting is None else correlation * lasting + np.sqrt(1 - correlation**2) * shock
        scale = noise(states) if callable(noise) else noise
        return np.clip(middle + scale * lasting, -limit, limit), lasting

    return act


def choosing(logits: Function, stick: float = 0.0) -> Actor:
    """Actions are choices, drawn with the softmax of `logits`; with probability `stick` the last one is repeated."""

    def act(random: np.random.Generator, states: States, last: Actions | None) -> tuple[Actions, Actions]:
        drawn = choice(random, softmax(logits(states), axis=1))
        if last is not None:
            drawn = np.where(random.random((len(states), 1)) < stick, last, drawn)
        return drawn, drawn

    return act


def choice(random: np.random.Generator, probabilities: Actions) -> Actions:
    """Unit vectors of actions drawn with the probabilities."""
    above = random.random((len(probabilities), 1)) < probabilities.cumsum(1)
    above[:, -1] = True  # sums of probabilities may be a hair below one
    return np.eye(probabilities.shape[1])[above.argmax(1)]

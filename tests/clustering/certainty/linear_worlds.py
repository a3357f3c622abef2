"""Worlds of linear policies in the plane: one, two, two apart, one that drifts."""

from __future__ import annotations

import numpy as np

from stages.datasets.episodes import EpisodeDataset
from tests.synthetic import dataset_of

EPISODES, STEPS = 60, 40


def linear_world(gaps: np.ndarray, shift: float = 0.0, shared_steps: int = 0, seed: int = 0) -> EpisodeDataset:
    """Episodes ``a = gap s + noise`` (standard deviation 0.2), recorded in their order.

    Args:
        gaps: What each episode multiplies states by.
        shift: How far the states of every second episode are moved.
        shared_steps: First steps of an episode whose states are not moved.
        seed: Of states and noise.
    """
    random = np.random.default_rng(seed)
    states = random.uniform(-1, 1, (len(gaps), STEPS, 2))
    states[1::2, shared_steps:] += shift
    actions = gaps[:, None, None] * states + 0.2 * random.standard_normal(states.shape)
    flat = states.reshape(-1, 2), actions.reshape(-1, 2), np.zeros(len(gaps) * STEPS)
    return dataset_of(*flat, [STEPS] * len(gaps), attributes={"recordings": f"[{len(gaps)}]"})


def alternating() -> np.ndarray:
    """Two policies that take turns."""
    return np.where(np.arange(EPISODES) % 2, 0.5, -0.5)


def one_after_the_other() -> np.ndarray:
    """Two policies, recorded one after the other."""
    return np.where(np.arange(EPISODES) < EPISODES // 2, 0.5, -0.5)


def drifting() -> np.ndarray:
    """One learner."""
    return np.linspace(-0.5, 0.5, EPISODES)

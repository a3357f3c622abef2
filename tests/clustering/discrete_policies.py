"""Episodes of policies that are tables, for tests of what clusters discrete actions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from stages.datasets.episodes import EpisodeDataset
from tests.synthetic import dataset_of


def discrete_policies(
    episodes: int = 40, steps: int = 12, policies: int = 2, states: int = 6, noise: float = 0.05, seed: int = 0
) -> EpisodeDataset:
    """Policy z takes action ``(state + z) mod 3`` but for a share of random ones; states are drawn evenly."""
    random = np.random.default_rng(seed)
    truth = random.permutation(np.arange(episodes) % policies)
    state = random.integers(states, size=episodes * steps)
    actions = (state + np.repeat(truth, steps)) % 3
    actions = np.where(random.random(len(actions)) < noise, random.integers(3, size=len(actions)), actions)
    observations = state[:, None]
    rewards = random.standard_normal(len(actions))
    dataset = dataset_of(observations, actions[:, None], rewards, [steps] * episodes, behaviour_policy=truth)
    return replace(dataset, actions=actions.astype(np.int64), num_actions=3)

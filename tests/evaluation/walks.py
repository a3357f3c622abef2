"""Episodes with discrete actions, written down step by step, and random ones of known policies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from stages.datasets.episodes import EpisodeDataset
from tests.synthetic import dataset_of

Walk = Sequence[tuple[int, int]]


def walks(*episodes: Walk, num_actions: int = 3, **more: Any) -> EpisodeDataset:
    """Episodes made of (state, action) pairs; the observation is the state's number."""
    steps = [step for episode in episodes for step in episode]
    states, actions = (np.array(column) for column in zip(*steps, strict=True))
    lengths = [len(episode) for episode in episodes]
    dataset = dataset_of(states[:, None], np.zeros((len(steps), 1)), np.zeros(len(steps)), lengths, **more)
    return replace(dataset, actions=actions.astype(np.int64), num_actions=num_actions)


def random_walks(
    policies: Sequence[Sequence[int]], episodes: int = 60, steps: int = 6, noise: float = 0.0, seed: int = 0
) -> EpisodeDataset:
    """Episodes in random states by policies that each name an action for every state, replaced with chance `noise`."""
    random = np.random.default_rng(seed)
    truth = random.permutation(np.arange(episodes) % len(policies))
    states = random.integers(0, len(policies[0]), (episodes, steps))
    actions = np.array(policies)[truth[:, None], states]
    slipped = random.random(actions.shape) < noise
    actions = np.where(slipped, random.integers(0, 3, actions.shape), actions)
    pairs = np.stack([states, actions], axis=2)
    names = tuple(f"policy {number}" for number in range(len(policies)))
    return walks(*pairs, behaviour_policy=truth, behaviour_policy_names=names)

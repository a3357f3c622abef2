"""A random dataset of the shape of HalfCheetah: speed depends on sizes alone."""

from __future__ import annotations

import numpy as np

from stages.datasets.episodes import EpisodeDataset

OBSERVATION, ACTION, EPISODE = 17, 6, 1000


def random_dataset(num_episodes: int = 200, seed: int = 0) -> EpisodeDataset:
    """`num_episodes` episodes of 1,000 random steps, each cut by the time limit."""
    random = np.random.default_rng(seed)
    steps = num_episodes * EPISODE
    observations = random.standard_normal((steps, OBSERVATION), dtype=np.float32)
    truncations = np.zeros(steps, dtype=bool)
    truncations[EPISODE - 1 :: EPISODE] = True
    return EpisodeDataset(
        observations=observations,
        actions=random.uniform(-1, 1, (steps, ACTION)).astype(np.float32),
        rewards=random.standard_normal(steps, dtype=np.float32),
        terminations=np.zeros(steps, dtype=bool),
        truncations=truncations,
        next_observations=np.roll(observations, -1, axis=0),
    )

"""Random datasets of the shape of HalfCheetah: speed depends on sizes alone, or on the number of behaviours, too."""

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


def dataset_of_behaviours(num_steps: int, num_behaviours: int, episode: int = 250, seed: int = 0) -> EpisodeDataset:
    """Episodes of `episode` steps by linear policies that take turns, with noise: something for clustering to find."""
    random = np.random.default_rng(seed)
    steps = max(num_steps // episode, num_behaviours) * episode
    observations = random.standard_normal((steps, OBSERVATION), dtype=np.float32)
    policies = random.standard_normal((num_behaviours, OBSERVATION, ACTION), dtype=np.float32) / OBSERVATION
    behaviour = np.arange(steps // episode) % num_behaviours
    by_episode = observations.reshape(-1, episode, OBSERVATION) @ policies[behaviour]
    noise = 0.1 * random.standard_normal((steps, ACTION), dtype=np.float32)
    truncations = np.zeros(steps, dtype=bool)
    truncations[episode - 1 :: episode] = True
    return EpisodeDataset(
        observations=observations,
        actions=np.clip(by_episode.reshape(steps, ACTION) + noise, -1, 1),
        rewards=random.standard_normal(steps, dtype=np.float32),
        terminations=np.zeros(steps, dtype=bool),
        truncations=truncations,
        next_observations=np.roll(observations, -1, axis=0),
    )

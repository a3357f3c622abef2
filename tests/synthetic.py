"""Small datasets whose structure is known, for tests of everything that trains."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

from stages.datasets.episodes import EpisodeDataset


def dataset_of(
    observations: np.ndarray,
    actions: np.ndarray,
    rewards: np.ndarray,
    lengths: list[int],
    truncated: list[bool] | None = None,
    **more: Any,
) -> EpisodeDataset:
    """A dataset from arrays over steps; the observation after an episode's last one is that one plus one."""
    ends = np.cumsum(lengths)
    cut = np.zeros(len(lengths), dtype=bool) if truncated is None else np.array(truncated)
    terminations, truncations = (np.zeros(len(rewards), dtype=bool) for _ in range(2))
    terminations[ends[~cut] - 1], truncations[ends[cut] - 1] = True, True
    following = np.concatenate([observations[1:], observations[:1]])
    following[ends - 1] = observations[ends - 1] + 1
    arrays = (np.asarray(values, dtype=np.float32) for values in (observations, actions, rewards, following))
    observations, actions, rewards, following = arrays
    return EpisodeDataset(observations, actions, rewards, terminations, truncations, following, **more)


def two_policies(episodes: int = 40, steps: int = 25, gap: float = 0.5, seed: int = 0) -> EpisodeDataset:
    """Episodes of two policies ``a = +-gap s + noise`` (standard deviation 0.2), in random order; gap 0: one policy."""
    random = np.random.default_rng(seed)
    truth = random.permutation(np.arange(episodes) % 2)
    observations = random.uniform(-1, 1, (episodes * steps, 2))
    direction = np.repeat(np.where(truth == 0, 1.0, -1.0), steps)[:, None]
    actions = gap * direction * observations + 0.2 * random.standard_normal(observations.shape)
    rewards = random.standard_normal(len(actions))
    return dataset_of(
        observations, actions, rewards, [steps] * episodes, behaviour_policy=truth, behaviour_policy_names=("a", "b")
    )


def ragged(seed: int = 0, episodes: int = 9, longest: int = 12) -> EpisodeDataset:
    """Episodes of random lengths (some of one step), about half of them truncated, with random contents."""
    random = np.random.default_rng(seed)
    lengths = random.integers(1, longest + 1, episodes)
    lengths[0] = 1
    total = int(lengths.sum())
    observations, actions, rewards = (random.standard_normal(shape) for shape in ((total, 3), (total, 2), total))
    cut = random.random(episodes) < 0.5
    cut[0], cut[1] = True, False
    return dataset_of(observations, actions, rewards, lengths.tolist(), cut.tolist())


def one_hot(states: np.ndarray, count: int) -> Float[np.ndarray, "steps states"]:
    """States as unit vectors."""
    return np.eye(count)[states]


def make_episodes(lengths: Sequence[int], seed: int = 0, observation: int = 3, action: int = 2) -> EpisodeDataset:
    """Random episodes of the given lengths, ended by terminations and truncations in turn, free of jumps."""
    random = np.random.default_rng(seed)
    walks = [random.standard_normal((length + 1, observation), dtype=np.float32) for length in lengths]
    steps = sum(lengths)
    ends = np.cumsum(lengths) - 1
    terminations, truncations = np.zeros(steps, dtype=bool), np.zeros(steps, dtype=bool)
    terminations[ends[::2]] = True
    truncations[ends[1::2]] = True
    return EpisodeDataset(
        observations=np.concatenate([walk[:-1] for walk in walks]),
        actions=random.uniform(-1, 1, (steps, action)).astype(np.float32),
        rewards=random.standard_normal(steps, dtype=np.float32),
        terminations=terminations,
        truncations=truncations,
        next_observations=np.concatenate([walk[1:] for walk in walks]),
    )

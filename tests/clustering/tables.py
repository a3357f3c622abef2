"""Episodes of deterministic policies in a handful of states."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from stages.datasets.episodes import EpisodeDataset


def table_dataset(
    episodes: int = 40, policies: int = 3, states: int = 9, steps: int = 8, seed: int = 0, agree_on: Sequence[int] = ()
) -> EpisodeDataset:
    """Random walks over states, the actions those of one of the policies; lengths from 1 to `steps`."""
    random = np.random.default_rng(seed)
    rules = random.integers(0, 4, (policies, states))
    rules[:, list(agree_on)] = 1
    truth = random.permutation(np.arange(episodes) % policies)
    lengths = random.integers(1, steps + 1, episodes)
    lengths[0] = 1
    state = random.integers(0, states, lengths.sum())
    ends = np.zeros(lengths.sum(), dtype=bool)
    ends[np.cumsum(lengths) - 1] = True
    observations = state[:, None].astype(np.float32)
    return EpisodeDataset(
        observations=observations,
        actions=rules[np.repeat(truth, lengths), state],
        rewards=np.zeros(len(state), dtype=np.float32),
        terminations=ends,
        truncations=np.zeros_like(ends),
        next_observations=observations,
        num_actions=4,
        behaviour_policy=truth,
        behaviour_policy_names=tuple("abcdefgh"[:policies]),
    )


def long_table_dataset(episodes: int, policies: int) -> EpisodeDataset:
    """Episodes of `table_dataset` that are long enough to tell the policies apart."""
    dataset = table_dataset(2 * episodes, policies, steps=40)
    return dataset.select(np.flatnonzero(dataset.episode_lengths >= 12)[:episodes])

"""Episodes of two speeds: fast steps earn and cost 1, slow ones earn a third and cost nothing."""

import numpy as np

from stages.datasets.episodes import EpisodeDataset

SLOW_REWARD = 1 / 3


def two_speeds(episodes: int = 30, longest: int = 12, seed: int = 0) -> EpisodeDataset:
    """Lengths differ; the first action coordinate is near 0.8 or -0.8, the second follows the observation."""
    source = np.random.default_rng(seed)
    lengths = source.integers(longest // 2, longest + 1, episodes)
    fast = np.repeat(np.arange(episodes) % 2 == 0, lengths)
    steps = int(lengths.sum())
    observations = source.standard_normal((steps, 3)).astype(np.float32)
    actions = np.stack([np.where(fast, 0.8, -0.8), np.tanh(observations[:, 0])], axis=1)
    ends = np.zeros(steps, dtype=bool)
    ends[np.cumsum(lengths) - 1] = True
    return EpisodeDataset(
        observations=observations,
        actions=(actions + 0.05 * source.standard_normal(actions.shape)).astype(np.float32),
        rewards=np.where(fast, 1, SLOW_REWARD).astype(np.float32),
        terminations=np.zeros(steps, dtype=bool),
        truncations=ends,
        next_observations=np.roll(observations, -1, axis=0),
        environment="two speeds",
        costs=fast.astype(np.float32),
    )

"""Walks, made one dataset."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int

from stages.datasets.episodes import EpisodeDataset

Walk = tuple[Float[np.ndarray, "_ states"], Float[np.ndarray, "_ actions"], Float[np.ndarray, "_ states"]]


def joined(walks: Sequence[Walk], truth: Int[np.ndarray, "episodes"], discrete: bool = False) -> EpisodeDataset:
    """A dataset of episodes that are cut off, without rewards.

    Args:
        walks: States, actions and following states of each episode.
        truth: The policy of each.
        discrete: Whether actions are choices, given as unit vectors.
    """
    observations, actions, following = (np.concatenate(parts).astype(np.float32) for parts in zip(*walks, strict=True))
    ends = np.zeros(len(actions), dtype=bool)
    ends[np.cumsum([len(seen) for seen, _, _ in walks]) - 1] = True
    return EpisodeDataset(
        observations,
        actions.argmax(1) if discrete else actions,
        np.zeros(len(actions), dtype=np.float32),
        np.zeros_like(ends),
        ends,
        following,
        num_actions=actions.shape[1] if discrete else None,
        behaviour_policy=truth,
        behaviour_policy_names=tuple(f"policy {z}" for z in range(int(truth.max()) + 1)),
    )

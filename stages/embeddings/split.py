"""Which episodes an embedding is fitted to; the others are kept for probes, and no statistic sees them.

The same settings choose the same episodes whatever the method and the seed, so that methods are compared on one split.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool
from pydantic import Field

from stages.datasets.episodes import EpisodeDataset
from stages.errors import UserError, did_you_mean
from stages.seeding import generator
from stages.settings import Settings

SPLIT_SEED = 0


class SplitSettings(Settings):
    """The episodes that are learnt from."""

    training_share: float = Field(0.8, gt=0, le=1, description="share of the episodes that are learnt from")
    held_out: tuple[str, ...] = Field((), description="true policies none of whose episodes are learnt from")


def training_episodes(dataset: EpisodeDataset, settings: SplitSettings) -> Bool[np.ndarray, "episodes"]:
    """Which episodes are learnt from: a share drawn at random, without those of held-out policies.

    Raises:
        UserError: The dataset does not know its policies, a name is not among them, or no episode is left.
    """
    order = generator(SPLIT_SEED, "training episodes").permutation(dataset.num_episodes)
    chosen = np.zeros(dataset.num_episodes, dtype=bool)
    chosen[order[: max(1, round(settings.training_share * dataset.num_episodes))]] = True
    if settings.held_out:
        chosen &= ~np.isin(true_policies(dataset), _held_out(dataset, settings))
    if not chosen.any():
        raise UserError("no episode is left to learn from", remedy="Hold out fewer policies, or record more episodes")
    return chosen


def true_policies(dataset: EpisodeDataset) -> np.ndarray:
    """The index of each episode's true policy.

    Raises:
        UserError: The dataset does not know them.
    """
    if dataset.behaviour_policy is None:
        raise UserError("the dataset does not say which policy made which episode", remedy="Use one that does")
    return dataset.behaviour_policy


def _held_out(dataset: EpisodeDataset, settings: SplitSettings) -> list[int]:
    true_policies(dataset)
    names = list(dataset.behaviour_policy_names)
    for name in settings.held_out:
        if name not in names:
            raise UserError(f"unknown policy {name!r}", place="held_out", remedy=did_you_mean(name, names))
    return [names.index(name) for name in settings.held_out]

"""What offline algorithms need of their dataset, refused before any training starts."""

from __future__ import annotations

import numpy as np
from jaxtyping import Int

from stages.datasets.episodes import EpisodeDataset
from stages.errors import UserError


def require_differing_rewards(dataset: EpisodeDataset) -> None:
    """Stop if rewards tell no policy from another.

    Rewards that are all equal do if they sum to more the longer an episode lasts, and episodes do end by themselves.

    Raises:
        UserError: All rewards are equal, and either zero or never ended by a termination.
    """
    first = dataset.rewards[0]
    if (dataset.rewards == first).all() and (first == 0 or not dataset.terminations.any()):
        cause = f"all rewards are {first:g}, so no policy is better than another"
        raise UserError(cause, remedy="Check the rewards, or clone the data: bc")


def require_differing_returns(dataset: EpisodeDataset, method: str) -> None:
    """Stop if no episode has a better return than another.

    Raises:
        UserError: The returns of all episodes are equal.
    """
    returns = dataset.episode_returns
    if returns.min() == returns.max():
        cause = f"{method} needs episodes of different returns, all have {returns[0]:g}"
        raise UserError(cause, remedy="Record worse or better ones, or clone all of them: bc")


def require_following(steps: Int[np.ndarray, "usable"]) -> None:
    """Stop if there are no `steps`, which are those after which an action is on record.

    Raises:
        UserError: Every episode has one step.
    """
    if len(steps) == 0:
        raise UserError("no step is followed by another", remedy="Check that episodes are longer than one step")


def require_long_episodes(dataset: EpisodeDataset, steps: int, place: str) -> None:
    """Stop if no episode has as many steps as a method looks at.

    Args:
        dataset: What is to be trained on.
        steps: Steps that are looked at together.
        place: The setting that says so.

    Raises:
        UserError: All episodes are shorter.
    """
    longest = int(dataset.episode_lengths.max())
    if longest < steps:
        cause = f"{steps} steps are looked at together, the longest episode has {longest}"
        raise UserError(cause, place=place, remedy=f"Lower it to at most {longest}")


def require_rows_for_clusters(dataset: EpisodeDataset, num_clusters: int, batch_size: int) -> None:
    """Stop if clusters of rows can't fill a batch each.

    Raises:
        UserError: There are more clusters than batches.
    """
    batches = dataset.num_steps // min(batch_size, dataset.num_steps)
    if num_clusters > batches:
        cause = f"{num_clusters} clusters of {dataset.num_steps} rows do not fill a batch of {batch_size} each"
        raise UserError(cause, place="num_clusters", remedy=f"Lower it to at most {batches}, or use smaller batches")

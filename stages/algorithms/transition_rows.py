"""Transitions as methods with critics see them."""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch

from stages.algorithms.requirements import (
    require_differing_returns,
    require_differing_rewards,
    require_following,
)
from stages.datasets.episodes import EpisodeDataset
from stages.datasets.transitions import next_row, returns_to_go, unit_of
from stages.training.job import Job
from stages.training.rows import Rows

RewardScale = Literal["deviation", "range", "plain"]
PUBLISHED_RANGE = 1000  # of returns, in the code of IQL


def transition_rows(
    job: Job, discount: float, reward_scale: RewardScale = "deviation", next_actions: bool = False
) -> Rows:
    """Columns ``observations, actions, rewards, discounts, next_observations`` of every step, all normalised.

    ``discounts`` is 0 at terminations; rows that end by truncation bootstrap from what comes next.

    Args:
        job: Its dataset's rewards tell policies apart.
        discount: Discount factor.
        reward_scale: What rewards are divided by, see `reward_unit`.
        next_actions: Whether ``next_actions`` is a column too. Steps after which no action is on record, the last ones
            of truncated episodes, are left out then; that of a terminal step is its own, and multiplied by 0.

    Raises:
        UserError: Rewards tell no policy from another, or no action follows any step.
    """
    dataset = job.dataset
    require_differing_rewards(dataset)
    columns = {
        "observations": job.observations,
        "actions": job.actions,
        "rewards": torch.from_numpy(dataset.rewards) / reward_unit(dataset, discount, reward_scale),
        "discounts": discount * (1 - torch.from_numpy(dataset.terminations).float()),
        "next_observations": job.next_observations,
    }
    if not next_actions:
        return Rows(columns, job.device)
    following, has_next = next_row(dataset)
    usable = np.flatnonzero(has_next | dataset.terminations)
    require_following(usable)
    columns["next_actions"] = job.actions[following]
    return Rows({name: column[usable] for name, column in columns.items()}, job.device)


def reward_unit(dataset: EpisodeDataset, discount: float, scale: RewardScale) -> float:
    """What counts as a reward of 1.

    ``deviation``: the standard deviation of discounted returns over steps, so that critics learn at one rate for all
    tasks; ``range``: a thousandth of the range of the episodes' returns, as published with IQL, whose temperature goes
    with it; ``plain``: rewards are left as they are.

    Raises:
        UserError: Their range is wanted, and all returns are equal.
    """
    if scale == "deviation":
        return unit_of(returns_to_go(dataset, discount))
    if scale == "range":
        require_differing_returns(dataset, "reward_scale: range")
        return float(np.ptp(dataset.episode_returns)) / PUBLISHED_RANGE
    return 1.0

"""Views of a dataset that learners train on: next actions, returns to the end, n-step returns.

All are float64 sums over the episode a row belongs to and never look past its end. A truncated episode has no next
action: its last row is marked by ``has_next`` 0, so that it is neither bootstrapped from nor counted as an end.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from stages.datasets.episodes import EpisodeDataset
from stages.datasets.scales import ROUNDING


def returns_to_go(dataset: EpisodeDataset, discount: float) -> Float[np.ndarray, "steps"]:
    """Discounted sum of rewards from each row to the end of its episode (EMPO, Eq. 10)."""
    returns = np.zeros(dataset.num_steps)
    rewards = dataset.rewards.astype(np.float64)
    # All episodes at once, from their last rows backwards: the loop is as long as the longest episode.
    row, begin = dataset.episode_ends - 1, dataset.episode_starts
    following = np.zeros(len(row))
    while len(row):
        following = rewards[row] + discount * following
        returns[row] = following
        going = row > begin
        row, begin, following = row[going] - 1, begin[going], following[going]
    return returns


def unit_of(returns: Float[np.ndarray, "steps"]) -> float:
    """Their standard deviation, in which values are around one whatever the unit of rewards; 1 if all are equal."""
    deviation = float(returns.std())
    return deviation if deviation > ROUNDING * abs(float(returns.mean())) else 1.0


def next_row(dataset: EpisodeDataset) -> tuple[Int[np.ndarray, "steps"], Bool[np.ndarray, "steps"]]:
    """The following row within the episode, and whether there is one (the row itself where not)."""
    row = np.arange(dataset.num_steps)
    has_next = row + 1 < dataset.episode_ends[dataset.episode_of_step]
    return np.where(has_next, row + 1, row), has_next


@dataclass(frozen=True)
class NStep:
    """n-step returns: ``rewards + discounts * value(observations of last_row's successor)``.

    Attributes:
        rewards: Discounted sum of up to n rewards.
        discounts: ``discount^m`` for m rewards summed, 0 where the episode terminated among them.
        last_row: Row of the last reward; its `next_observations` is where to bootstrap.
    """

    rewards: Float[np.ndarray, "steps"]
    discounts: Float[np.ndarray, "steps"]
    last_row: Int[np.ndarray, "steps"]


def n_step(dataset: EpisodeDataset, n: int, discount: float) -> NStep:
    """n-step returns of every row, cut at the episode's end."""
    row = np.arange(dataset.num_steps)
    last = np.minimum(row + n, dataset.episode_ends[dataset.episode_of_step]) - 1
    tail = returns_to_go(dataset, discount)
    summed = last - row + 1
    beyond, has_next = next_row(dataset)
    rest = np.where(has_next[last], discount**summed * tail[beyond[last]], 0.0)
    return NStep(tail - rest, np.where(dataset.terminations[last], 0.0, discount**summed), last)


def to_the_end(dataset: EpisodeDataset, discount: float) -> NStep:
    """Returns over the rest of each row's episode, and the weight of the value of what a truncation cut off."""
    return n_step(dataset, int(dataset.episode_lengths.max(initial=1)), discount)

"""Trajectory quality and state-action coverage of a part of a dataset.

TQ places a part's mean discounted return between the dataset's worst (0) and best (1) episode. SACo is the share of the
dataset's distinct pairs of state and action that occur in the part; it says nothing where every pair is distinct, so it
is given for actions to choose from only.

Source: Schweighofer et al., A Dataset Perspective on Offline Reinforcement Learning, CoLLAs 2022.
Deviation: they refer both to the data of a separate online run; here the whole dataset is the reference.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, Int

from stages.datasets.episodes import EpisodeDataset

DISCOUNT = 0.99
SHORT, LARGEST = 1000, 2**62


class Quality:
    """Both measures for parts of one dataset, what the parts share being computed once."""

    def __init__(self, dataset: EpisodeDataset) -> None:
        self.returns = discounted_returns(dataset)
        self.pairs = pair_numbers(dataset)

    def facts(self, episodes: Int[np.ndarray, "chosen"], steps: Bool[np.ndarray, "steps"]) -> list[tuple[str, str]]:
        """TQ and, where it means something, SACo, ready to print."""
        low, high = self.returns.min(), self.returns.max()
        facts = []
        if high > low:
            facts.append(("TQ", f"{(self.returns[episodes].mean() - low) / (high - low):.2f}"))
        if self.pairs is not None:
            covered = np.zeros(int(self.pairs.max()) + 1, dtype=bool)
            covered[self.pairs[steps]] = True
            facts.append(("SACo", f"{covered.mean():.2f}"))
        return facts


def discounted_returns(dataset: EpisodeDataset) -> Float[np.ndarray, "episodes"]:
    """Sum of rewards discounted by 0.99 per step, of each episode."""
    step = np.arange(dataset.num_steps) - np.repeat(dataset.episode_starts, dataset.episode_lengths)
    return np.add.reduceat(dataset.rewards * DISCOUNT**step, dataset.episode_starts)


def pair_numbers(dataset: EpisodeDataset) -> Int[np.ndarray, "steps"] | None:
    """The number of each step's pair of state and action among the distinct ones; None where actions are vectors."""
    if dataset.num_actions is None:
        return None
    codes, kinds = dataset.actions.astype(np.int64), dataset.num_actions
    for column in dataset.observations.T:
        number, numbers = _numbered(column)
        if kinds * number > LARGEST:
            kinds, codes = _numbered(codes)
        codes, kinds = codes * number + numbers, kinds * number
    return _numbered(codes)[1]


def _numbered(values: np.ndarray) -> tuple[int, Int[np.ndarray, "steps"]]:
    """How many values there may be, and the number of each; whole numbers within a short range need no sorting."""
    low, high = values.min(), values.max()
    if values.dtype.kind == "f" and high - low < SHORT:
        whole = values.astype(np.int64)
        if np.array_equal(whole, values):
            return int(high - low) + 1, whole - int(low)
    distinct, numbers = np.unique(values, return_inverse=True)
    return len(distinct), numbers

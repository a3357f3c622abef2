"""The dataset in memory: flat arrays over steps, cut into episodes by their start rows.

Row t holds what happened at step t: the observation, the action taken there, the reward and the observation that
followed. `terminations` marks the end of the task, `truncations` an end for another reason (time limit, cut recording);
the last row of every episode has exactly one of the two.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

PER_STEP = ("observations", "actions", "rewards", "terminations", "truncations", "next_observations", "costs")


@dataclass(frozen=True, eq=False)
class EpisodeDataset:
    """Recorded episodes. Arrays are float32, flags bool; `steps` is the number of rows.

    Actions are vectors (float32), or the numbers of actions to choose from (int64), then `num_actions` says how many.

    Attributes:
        num_actions: How many actions there are to choose from; None where actions are vectors.
        environment: Id of the environment, such as ``navigation`` or ``Hopper-v4``.
        behaviour_policy: Index of the true policy of each episode, where known.
        behaviour_policy_names: Names of the true policies.
        attributes: Provenance: generator settings, source files, versions.
    """

    observations: Float[np.ndarray, "steps observation"]
    actions: Float[np.ndarray, "steps action"] | Int[np.ndarray, "steps"]
    rewards: Float[np.ndarray, "steps"]
    terminations: Bool[np.ndarray, "steps"]
    truncations: Bool[np.ndarray, "steps"]
    next_observations: Float[np.ndarray, "steps observation"]
    environment: str = ""
    num_actions: int | None = None
    costs: Float[np.ndarray, "steps"] | None = None
    behaviour_policy: Int[np.ndarray, "episodes"] | None = None
    behaviour_policy_names: tuple[str, ...] = ()
    attributes: dict[str, str] = field(default_factory=dict)

    @property
    def num_steps(self) -> int:
        return len(self.rewards)

    @property
    def num_episodes(self) -> int:
        return len(self.episode_starts)

    @cached_property
    def episode_ends(self) -> Int[np.ndarray, "episodes"]:
        """Row after the last one of each episode."""
        return np.flatnonzero(self.terminations | self.truncations) + 1

    @cached_property
    def episode_starts(self) -> Int[np.ndarray, "episodes"]:
        """First row of each episode."""
        return np.concatenate([[0], self.episode_ends])[: len(self.episode_ends)].astype(np.int64)

    @cached_property
    def episode_lengths(self) -> Int[np.ndarray, "episodes"]:
        lengths: np.ndarray = self.episode_ends - self.episode_starts
        return lengths

    @cached_property
    def episode_of_step(self) -> Int[np.ndarray, "steps"]:
        """Index of the episode that each row belongs to."""
        return np.repeat(np.arange(self.num_episodes), self.episode_lengths)

    @cached_property
    def episode_returns(self) -> Float[np.ndarray, "episodes"]:
        """Undiscounted sum of rewards of each episode (float64)."""
        return np.add.reduceat(self.rewards.astype(np.float64), self.episode_starts)

    @cached_property
    def episode_costs(self) -> Float[np.ndarray, "episodes"] | None:
        """Undiscounted sum of costs of each episode (float64), where the dataset has costs."""
        return None if self.costs is None else np.add.reduceat(self.costs.astype(np.float64), self.episode_starts)

    def select(self, episodes: Int[np.ndarray, "chosen"]) -> EpisodeDataset:
        """The dataset made of the chosen episodes, in that order."""
        lengths = self.episode_lengths[episodes]
        offsets = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        rows = np.repeat(self.episode_starts[episodes], lengths) + offsets
        arrays = {name: getattr(self, name)[rows] for name in PER_STEP if getattr(self, name) is not None}
        labels = None if self.behaviour_policy is None else self.behaviour_policy[episodes]
        return replace(self, **arrays, behaviour_policy=labels)

    def every(self, stride: int) -> EpisodeDataset:
        """The first step of each episode, and every `stride`-th after it; episodes end as they did."""
        if stride == 1:
            return self
        kept = np.flatnonzero((np.arange(self.num_steps) - self.episode_starts[self.episode_of_step]) % stride == 0)
        arrays = {name: getattr(self, name)[kept] for name in PER_STEP if getattr(self, name) is not None}
        last = np.flatnonzero(np.diff(self.episode_of_step[kept], append=self.num_episodes))
        for name in ("terminations", "truncations"):
            arrays[name] = np.zeros(len(kept), dtype=bool)
            arrays[name][last] = getattr(self, name)[self.episode_ends - 1]
        return replace(self, **arrays)


def concatenate(datasets: Sequence[EpisodeDataset], names: Sequence[str] | None = None) -> EpisodeDataset:
    """Join datasets of one environment; environment and attributes are the first one's.

    Args:
        datasets: Datasets with equal observation and action sizes. Costs are kept if all have them; of numbers of
            actions to choose from the largest counts.
        names: If given, the dataset of origin becomes the true policy of each episode, under these names. Otherwise the
            true policies are kept where every dataset has them, equal names being one policy, and dropped if not.
    """
    arrays: dict[str, Any] = {}
    for name in PER_STEP:
        parts = [getattr(dataset, name) for dataset in datasets]
        arrays[name] = None if any(part is None for part in parts) else np.concatenate(parts)
    if names is None:
        labels, names = _joined_labels(datasets)
    else:
        labels = np.repeat(np.arange(len(datasets)), [dataset.num_episodes for dataset in datasets])
    counts = [dataset.num_actions for dataset in datasets if dataset.num_actions is not None]
    labelled = {"behaviour_policy": labels, "behaviour_policy_names": tuple(names)}
    return replace(datasets[0], **arrays, **labelled, num_actions=max(counts, default=None))


def _joined_labels(datasets: Sequence[EpisodeDataset]) -> tuple[Int[np.ndarray, "episodes"] | None, list[str]]:
    labelled = [(dataset.behaviour_policy, dataset.behaviour_policy_names) for dataset in datasets]
    names = list(dict.fromkeys(name for _, names_of in labelled for name in names_of))
    labels = [
        np.array([names.index(name) for name in names_of])[label] for label, names_of in labelled if label is not None
    ]
    return (np.concatenate(labels), names) if len(labels) == len(labelled) else (None, [])

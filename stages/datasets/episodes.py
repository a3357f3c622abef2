"""The dataset in memory: flat arrays over steps, cut into episodes by their start rows.

Row t holds what happened at step t: the observation, the action taken there, the reward and the observation that
followed. `terminations` marks the end of the task, `truncations` an end for another reason (time limit, cut recording);
the last row of every episode has exactly one of the two.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float, Int


@dataclass(frozen=True, eq=False)
class EpisodeDataset:
    """Recorded episodes. Arrays are float32, flags bool; `steps` is the number of rows.

    Attributes:
        environment: Id of the environment, such as ``navigation`` or ``Hopper-v4``.
        behaviour_policy: Index of the true policy of each episode, where known.
        behaviour_policy_names: Names of the true policies.
        attributes: Provenance: generator settings, source files, versions.
    """

    observations: Float[np.ndarray, "steps observation"]
    actions: Float[np.ndarray, "steps action"]
    rewards: Float[np.ndarray, "steps"]
    terminations: Bool[np.ndarray, "steps"]
    truncations: Bool[np.ndarray, "steps"]
    next_observations: Float[np.ndarray, "steps observation"]
    environment: str = ""
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
        return np.concatenate([[0], self.episode_ends[:-1]]).astype(np.int64)

    @cached_property
    def episode_lengths(self) -> Int[np.ndarray, "episodes"]:
        return self.episode_ends - self.episode_starts

    @cached_property
    def episode_of_step(self) -> Int[np.ndarray, "steps"]:
        """Index of the episode that each row belongs to."""
        return np.repeat(np.arange(self.num_episodes), self.episode_lengths)

    @cached_property
    def episode_returns(self) -> Float[np.ndarray, "episodes"]:
        """Undiscounted sum of rewards of each episode (float64)."""
        return np.add.reduceat(self.rewards.astype(np.float64), self.episode_starts)

    def select(self, episodes: Int[np.ndarray, "chosen"]) -> EpisodeDataset:
        """The dataset made of the chosen episodes, in that order."""
        rows = np.concatenate([np.arange(self.episode_starts[e], self.episode_ends[e]) for e in episodes])
        per_step = ("observations", "actions", "rewards", "terminations", "truncations", "next_observations", "costs")
        arrays = {k: getattr(self, k)[rows] for k in per_step if getattr(self, k) is not None}
        labels = None if self.behaviour_policy is None else self.behaviour_policy[episodes]
        return replace(self, **arrays, behaviour_policy=labels)


def concatenate(datasets: list[EpisodeDataset], names: tuple[str, ...] | None = None) -> EpisodeDataset:
    """Join datasets of one environment.

    Args:
        datasets: Datasets with equal observation and action sizes.
        names: If given, the dataset of origin becomes the true policy of each episode, under these names. Otherwise
            labels are kept if every part has the same policy names, and dropped if not.
    """
    first = datasets[0]
    per_step = ["observations", "actions", "rewards", "terminations", "truncations", "next_observations"]
    if all(dataset.costs is not None for dataset in datasets):
        per_step.append("costs")
    arrays = {k: np.concatenate([getattr(dataset, k) for dataset in datasets]) for k in per_step}
    if names is not None:
        origin = np.repeat(np.arange(len(datasets)), [dataset.num_episodes for dataset in datasets])
        return replace(first, costs=arrays.pop("costs", None), **arrays,
                       behaviour_policy=origin, behaviour_policy_names=names)  # fmt: skip
    same = all(d.behaviour_policy is not None and d.behaviour_policy_names == first.behaviour_policy_names for d in datasets)
    labels = np.concatenate([dataset.behaviour_policy for dataset in datasets]) if same else None
    return replace(first, costs=arrays.pop("costs", None), **arrays, behaviour_policy=labels,
                   behaviour_policy_names=first.behaviour_policy_names if same else ())  # fmt: skip

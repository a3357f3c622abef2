"""Episodes as Minari stores them, one by one, put into one flat dataset.

An episode of T steps has T+1 observations; its row t gets observations t and t+1. Where the final one is missing
(https://github.com/Farama-Foundation/Minari/issues/199), the last step of a truncated episode is dropped, since what
followed it is unknown; that of a terminated one gets its own observation, which nothing uses.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from stages.datasets.episodes import EpisodeDataset
from stages.formats.minari.checks import CheckedEpisode, Checks, Episode
from stages.formats.minari.metadata import INCOMPLETE, Metadata, read_provenance
from stages.formats.minari.spaces import refuse
from stages.formats.report import Report


def assemble(episodes: Iterable[Episode], checks: Checks, metadata: Metadata, report: Report) -> EpisodeDataset:
    """The dataset made of all `episodes`, with what the metadata tell about it.

    Raises:
        UserError: An episode is malformed, or the metadata do not agree with the episodes.
    """
    try:
        assembly = _Assembly(checks, metadata.total_steps, report)
    except (MemoryError, ValueError) as error:
        refuse(report, "metadata", f"too large for the memory ({error})", "metadata.json: total_steps")
    for episode in episodes:
        assembly.add(checks.checked(episode), episode.label)
    dataset = assembly.finished()
    checks.note(assembly.num_episodes)
    environment, attributes = read_provenance(metadata, report)
    names = metadata.unmix.behaviour_policy_names if metadata.unmix else ()
    return replace(dataset, environment=environment, attributes=attributes, behaviour_policy_names=names)


class _Assembly:
    """Flat arrays, filled episode by episode, so that no second copy is made."""

    def __init__(self, checks: Checks, num_steps: int, report: Report) -> None:
        self.report, self.num_steps, self.num_actions = report, num_steps, checks.layout.actions.num_actions
        self.observations = np.empty((num_steps, checks.width), np.float32)
        self.next_observations = np.empty_like(self.observations)
        vectors = np.empty((num_steps, checks.layout.actions.size), np.float32)
        self.actions = vectors if self.num_actions is None else np.empty(num_steps, np.int64)
        self.rewards, self.costs = np.empty(num_steps, np.float32), np.empty(num_steps, np.float32)
        self.terminations, self.truncations = np.zeros(num_steps, bool), np.zeros(num_steps, bool)
        self.labels: list[int | None] = []
        self.num_episodes = self.with_costs = self.steps_read = self.rows = 0

    def add(self, episode: CheckedEpisode, label: int | None) -> None:
        steps = len(episode.rewards)
        self.steps_read += steps
        self.num_episodes += 1
        self.with_costs += episode.costs is not None
        if self.steps_read > self.num_steps:
            self._refuse_total(f"{self.steps_read:,} or more")
        complete = len(episode.observations) > steps
        kept = steps if complete or episode.terminated else steps - 1
        if kept == 0:
            return
        rows = slice(self.rows, self.rows + kept)
        following = episode.observations[1:]
        if not complete:
            following = np.concatenate([following, episode.observations[-1:]])
        self.observations[rows] = episode.observations[:kept]
        self.next_observations[rows] = following[:kept]
        self.actions[rows] = episode.actions[:kept]
        self.rewards[rows] = episode.rewards[:kept]
        if episode.costs is not None:
            self.costs[rows] = episode.costs[:kept]
        self.rows += kept
        self.terminations[self.rows - 1], self.truncations[self.rows - 1] = episode.terminated, not episode.terminated
        self.labels.append(label)

    def finished(self) -> EpisodeDataset:
        if self.steps_read != self.num_steps:
            self._refuse_total(f"{self.steps_read:,}")
        if self.with_costs not in (0, self.num_episodes):
            cause = f"costs in {self.with_costs} of {self.num_episodes} episodes"
            refuse(self.report, "missing-key", cause, "infos/cost", "Store costs in all episodes or in none")
        if self.rows == 0:
            refuse(self.report, "empty", "no step has a next observation", remedy="Store final observations")
        labels = [label for label in self.labels if label is not None]
        if len(labels) not in (0, len(self.labels)):
            cause = f"behaviour_policy in {len(labels)} of {len(self.labels)} episodes"
            refuse(self.report, "labels", cause, remedy="Store it in all episodes or in none")
        rows = slice(self.rows)
        return EpisodeDataset(
            observations=self.observations[rows],
            actions=self.actions[rows],
            rewards=self.rewards[rows],
            terminations=self.terminations[rows],
            truncations=self.truncations[rows],
            next_observations=self.next_observations[rows],
            num_actions=self.num_actions,
            costs=self.costs[rows] if self.with_costs else None,
            behaviour_policy=np.array(labels, np.int64) if labels else None,
        )

    def _refuse_total(self, found: str) -> None:
        cause = f"total_steps is {self.num_steps:,}, the episodes have {found}"
        refuse(self.report, "metadata", cause, "metadata.json", INCOMPLETE)

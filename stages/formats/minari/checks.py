"""The arrays of one Minari episode: checked, and brought into the project's types and shapes.

What is not as Minari says is noted, once for all episodes, or refused; `stages.formats.minari.reading` lists the rules.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Shaped

from stages.formats.meaning import AS_STORED, Meaning
from stages.formats.minari.metadata import Metadata
from stages.formats.minari.spaces import NUMBERS, Part, parse_space, refuse
from stages.formats.precision import check_precision, shifted
from stages.formats.report import Report

ROWS_LOOKED_AT = 20_000


@dataclass(frozen=True, eq=False)
class Episode:
    """The arrays of one episode, as they are stored.

    Attributes:
        name: Where it is, for messages.
        observations: One array per part of the space.
        costs: With or without a first one for the reset; None if there are none.
        label: Index of the true policy, in files of this project.
    """

    name: str
    observations: list[np.ndarray]
    actions: np.ndarray
    rewards: np.ndarray
    terminations: np.ndarray
    truncations: np.ndarray
    costs: np.ndarray | None = None
    label: int | None = None


@dataclass(frozen=True)
class Layout:
    """What the spaces say about the arrays: the parts of an observation, and the action."""

    observations: list[Part]
    actions: Part


@dataclass(frozen=True, eq=False)
class CheckedEpisode:
    """An episode of T steps: T+1 observations, or T where the final one is missing, and whether it terminated."""

    observations: Float[np.ndarray, "rows observation"]
    actions: Shaped[np.ndarray, "steps *action"]
    rewards: Float[np.ndarray, "steps"]
    costs: Float[np.ndarray, "steps"] | None
    terminated: bool


class Checks:
    """The rules; `seen` counts what they found, by rule, cause and array, as names of episodes."""

    def __init__(self, metadata: Metadata, report: Report, meaning: Meaning = AS_STORED) -> None:
        self.report, self.meaning = report, meaning
        self.precise: list[np.ndarray] = []
        self.rows_looked_at = 0
        self.seen: dict[tuple[str, str, str], list[str]] = {}
        observations = parse_space(metadata.observation_space, "observation_space", report)
        actions = parse_space(metadata.action_space, "action_space", report)
        if len(actions) > 1 or actions[0].path:
            refuse(report, "space", "actions of several parts are not supported", "action_space", "Use Box or Discrete")
        if meaning.actions == ("continuous" if actions[0].num_actions is not None else "choices"):
            cause = f"the setting actions: {meaning.actions} is not what the space says"
            refuse(report, "action-kind", cause, "action_space", "Leave the setting out")
        self.layout = Layout(observations, actions[0])

    @property
    def width(self) -> int:
        """Numbers of an observation, without those to leave out."""
        return sum(part.size for part in self.layout.observations) - len(set(self.meaning.leave_out))

    def checked(self, episode: Episode) -> CheckedEpisode:
        """The arrays of `episode`.

        Raises:
            UserError: An array is malformed, or they do not fit together.
        """
        rewards = self._float32(self._column(episode.rewards, "rewards", episode), "rewards", episode)
        if len(rewards) == 0:
            refuse(self.report, "empty", "the episode has no steps", episode.name, "Leave it out")
        steps = len(rewards)
        return CheckedEpisode(
            observations=self._observations(episode, steps),
            actions=self._actions(episode, steps),
            rewards=rewards,
            costs=self._costs(episode, steps),
            terminated=self._terminated(episode, steps),
        )

    def note(self, num_episodes: int) -> None:
        """Write what was seen into the report.

        Raises:
            UserError: float32 cannot hold some column of the observations.
        """
        if self.precise:
            check_precision(np.concatenate(self.precise), "observations", self.meaning, self.report)
            self.report.refuse()
        for (rule, cause, place), names in self.seen.items():
            found = f"{len(names):,} of {num_episodes:,} episodes, first {names[0]}"
            self.report.note(rule, f"{cause}: {found}", place)

    def _observations(self, episode: Episode, steps: int) -> Float[np.ndarray, "rows observation"]:
        parts = []
        for values, part in zip(episode.observations, self.layout.observations, strict=True):
            name = "/".join(map(str, ("observations", *part.path)))
            self._check_shape(values, part.shape, name, episode)
            self._see_precision(values, name, episode)
            parts.append(values.reshape(len(values), part.size))
        lengths = {len(values) for values in parts}
        if lengths not in ({steps + 1}, {steps}):
            cause = f"{' or '.join(map(str, sorted(lengths)))} observations for {steps} rewards"
            remedy = "Store one observation more than steps"
            refuse(self.report, "wrong-length", cause, f"{episode.name}/observations", remedy)
        if lengths == {steps}:
            cause = "no final observation, so a truncated episode loses its last step"
            self._see("missing-next-observations", cause, episode)
        return self._joined(parts)

    def _joined(self, parts: list[np.ndarray]) -> Float[np.ndarray, "rows observation"]:
        """The parts side by side in float32; the first of them are kept as they are to see what that loses."""
        values = parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)
        if values.dtype != np.float32 and self.rows_looked_at < ROWS_LOOKED_AT:
            self.precise.append(values)
            self.rows_looked_at += len(values)
        try:
            with np.errstate(over="ignore"):  # What overflows is infinite then, and refused as such.
                return (
                    shifted(values, self.meaning)
                    if self.meaning != AS_STORED
                    else values.astype(np.float32, copy=False)
                )
        except IndexError as error:
            cause = f"there is no column {error}, they are 0 to {values.shape[1] - 1}"
            refuse(self.report, "columns", cause, "observations", "Correct the settings")

    def _actions(self, episode: Episode, steps: int) -> Shaped[np.ndarray, "steps *action"]:
        part, name = self.layout.actions, "actions"
        if part.num_actions is None:
            self._check_shape(episode.actions, part.shape, name, episode)
            values = self._float32(episode.actions, name, episode).reshape(len(episode.actions), part.size)
            return self._of_length(values, steps, name, episode)
        values = self._of_length(self._column(episode.actions, name, episode), steps, name, episode)
        if values.dtype.kind not in "iu":
            cause = f"is of type {values.dtype}, a Discrete space has whole numbers"
            refuse(self.report, "not-an-array", cause, f"{episode.name}/{name}")
        lowest, highest = part.start, part.start + part.num_actions - 1
        if ((values < lowest) | (values > highest)).any():
            cause = f"numbers from {values.min()} to {values.max()}, the space has {lowest} to {highest}"
            refuse(self.report, "action-number", cause, f"{episode.name}/{name}")
        return values.astype(np.int64) - part.start

    def _costs(self, episode: Episode, steps: int) -> Float[np.ndarray, "steps"] | None:
        """The costs of the steps; where there is one more, the first belongs to the reset."""
        if episode.costs is None:
            return None
        costs = self._float32(self._column(episode.costs, "infos/cost", episode), "infos/cost", episode)
        return self._of_length(costs[1:] if len(costs) == steps + 1 else costs, steps, "infos/cost", episode)

    def _terminated(self, episode: Episode, steps: int) -> bool:
        """Whether the episode ends by termination rather than truncation."""
        terminations = self._flags(episode.terminations, "terminations", episode, steps)
        truncations = self._flags(episode.truncations, "truncations", episode, steps)
        early = np.flatnonzero((terminations | truncations)[:-1])
        if len(early):
            cause = f"step {early[0]} of {steps} ends the episode, but it goes on"
            refuse(self.report, "early-end", cause, episode.name, "Store an episode for each end")
        if terminations[-1] and truncations[-1]:
            self._see("both-flags", "last step with both flags, taken as terminated", episode)
        if not (terminations[-1] or truncations[-1]):
            self._see("open-end", "last step without a flag, taken as truncated", episode)
        return bool(terminations[-1])

    def _flags(self, stored: np.ndarray, name: str, episode: Episode, steps: int) -> Bool[np.ndarray, "steps"]:
        values = self._of_length(self._column(stored, name, episode), steps, name, episode)
        if values.dtype.kind != "b" and not np.isin(values, (0, 1)).all():
            refuse(self.report, "flag-values", "has values other than 0 and 1", f"{episode.name}/{name}")
        return values.astype(bool, copy=False)

    def _column(self, values: np.ndarray, name: str, episode: Episode) -> Shaped[np.ndarray, "steps"]:
        if values.ndim == 2 and values.shape[1] == 1:
            self._see("column-shape", "(N, 1) taken as (N,)", episode, name)
            values = values[:, 0]
        self._check_shape(values, (), name, episode)
        return values

    def _check_shape(self, values: np.ndarray, shape: tuple[int, ...], name: str, episode: Episode) -> None:
        place = f"{episode.name}/{name}"
        if values.dtype.kind not in NUMBERS:
            refuse(self.report, "not-an-array", f"is of type {values.dtype}, not an array of numbers", place)
        if values.ndim == 0 or values.shape[1:] != shape:
            wanted = f"({', '.join(map(str, ('N', *shape)))})"
            remedy = "Check the spaces in the metadata"
            refuse(self.report, "not-an-array", f"has shape {values.shape}, needs {wanted}", place, remedy)

    def _of_length(self, values: np.ndarray, steps: int, name: str, episode: Episode) -> np.ndarray:
        if len(values) != steps:
            cause = f"{len(values)} rows for {steps} rewards"
            refuse(self.report, "wrong-length", cause, f"{episode.name}/{name}", "Store one row per step")
        return values

    def _float32(self, values: np.ndarray, name: str, episode: Episode) -> Float[np.ndarray, "..."]:
        self._see_precision(values, name, episode)
        with np.errstate(over="ignore"):  # What overflows is infinite then, and refused as such.
            return values.astype(np.float32, copy=False)

    def _see_precision(self, values: np.ndarray, name: str, episode: Episode) -> None:
        if values.dtype != np.float32:
            self._see("precision", f"{values.dtype} converted to float32", episode, name)

    def _see(self, rule: str, cause: str, episode: Episode, place: str = "") -> None:
        self.seen.setdefault((rule, cause, place), []).append(episode.name)

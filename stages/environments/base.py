"""What evaluation needs from an environment: many agents stepped together, with actions in a known box."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from stages.errors import UserError
from stages.settings import Settings


class EnvironmentSettings(Settings):
    """Base of the settings of an environment; empty for environments that are fixed by their id."""


class Step(NamedTuple):
    """What one step of every agent led to.

    Attributes:
        observations: What followed.
        rewards: The rewards of the step.
        terminated: Whether each episode ended there by itself, as opposed to running out of time.
        costs: The costs of the step, 0 or larger; None where the task has none.
    """

    observations: Float[np.ndarray, "agents observation"]
    rewards: Float[np.ndarray, "agents"]
    terminated: Bool[np.ndarray, "agents"]
    costs: Float[np.ndarray, "agents"] | None = None


class VectorEnvironment(ABC):
    """Independent copies of one task, made as ``Environment(settings)``.

    Episodes are not restarted: what `step` returns for an agent that has terminated means nothing, and the caller
    ignores it. Actions outside the box are clipped to it. Time limits are the caller's.

    Attributes:
        observation_low: ``[observation]`` smallest observations (-inf where unbounded).
        observation_high: ``[observation]`` largest observations.
        action_low: ``[action]`` smallest actions; empty where actions are numbers of a list.
        action_high: ``[action]`` largest actions.
        num_actions: How many actions there are to choose from; None where actions are vectors.
        has_costs: Whether steps have costs.
        max_episode_steps: Steps after which the caller truncates an episode.
        most_agents: Agents beyond which memory runs short, so that callers run fewer at a time; None: no such number.
    """

    observation_low: Float[np.ndarray, "observation"]
    observation_high: Float[np.ndarray, "observation"]
    action_low: Float[np.ndarray, "action"]
    action_high: Float[np.ndarray, "action"]
    num_actions: int | None = None
    has_costs: bool = False
    max_episode_steps: int
    most_agents: int | None = None

    @property
    def observation_size(self) -> int:
        """Numbers per observation."""
        return len(self.observation_low)

    @property
    def action_size(self) -> int:
        """Numbers per action vector; 0 where actions are numbers of a list."""
        return len(self.action_low)

    @abstractmethod
    def reset(self, num_agents: int, generator: np.random.Generator) -> Float[np.ndarray, "agents observation"]:
        """Start `num_agents` episodes; the starts depend on `generator` alone."""

    @abstractmethod
    def step(self, actions: Float[np.ndarray, "agents action"] | Int[np.ndarray, "agents"]) -> Step:
        """Take one action per agent: a vector, or a number below `num_actions`."""

    def state(self) -> Float[np.ndarray, "agents numbers"]:
        """All that the next steps depend on, so that an online learner can go on after a kill.

        Raises:
            UserError: The task cannot be saved; only MuJoCo's can.
        """
        raise UserError(f"{type(self).__name__} cannot be saved", remedy="Train in a task of MuJoCo's")

    def restore(self, state: Float[np.ndarray, "agents numbers"]) -> None:
        """Go on, bit by bit the same, from where `state` was taken.

        Raises:
            UserError: The task cannot be saved.
        """
        raise UserError(f"{type(self).__name__} cannot be restored", remedy="Train in a task of MuJoCo's")

    def close(self) -> None:  # noqa: B027
        """Release what the environment holds."""

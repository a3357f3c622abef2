"""What evaluation needs from an environment: many agents stepped together, with actions in a known box."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from jaxtyping import Bool, Float

from stages.settings import Settings


class EnvironmentSettings(Settings):
    """Base of the settings of an environment; empty for environments that are fixed by their id."""


class VectorEnvironment(ABC):
    """Independent copies of one task, made as ``Environment(settings)``.

    Episodes are not restarted: what `step` returns for an agent that has terminated means nothing, and the caller
    ignores it. Actions outside the box are clipped to it. Time limits are the caller's.

    Attributes:
        observation_low: ``[observation]`` smallest observations (-inf where unbounded).
        observation_high: ``[observation]`` largest observations.
        action_low: ``[action]`` smallest actions.
        action_high: ``[action]`` largest actions.
        max_episode_steps: Steps after which the caller truncates an episode.
    """

    observation_low: Float[np.ndarray, "observation"]
    observation_high: Float[np.ndarray, "observation"]
    action_low: Float[np.ndarray, "action"]
    action_high: Float[np.ndarray, "action"]
    max_episode_steps: int

    @property
    def observation_size(self) -> int:
        """Numbers per observation."""
        return len(self.observation_low)

    @property
    def action_size(self) -> int:
        """Numbers per action."""
        return len(self.action_low)

    @abstractmethod
    def reset(self, num_agents: int, generator: np.random.Generator) -> Float[np.ndarray, "agents observation"]:
        """Start `num_agents` episodes; the starts depend on `generator` alone."""

    @abstractmethod
    def step(
        self, actions: Float[np.ndarray, "agents action"]
    ) -> tuple[Float[np.ndarray, "agents observation"], Float[np.ndarray, "agents"], Bool[np.ndarray, "agents"]]:
        """Next observations, rewards and whether each episode terminated (as opposed to ran out of time)."""

    def close(self) -> None:  # noqa: B027
        """Release what the environment holds."""

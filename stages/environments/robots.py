"""Robots that Gymnasium simulates one at a time, as one environment of many agents.

Copies are made as they are needed, kept for the next episodes, and stepped one after the other in one process; agents
whose episode has terminated are left alone.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np
from jaxtyping import Float

from stages.environments.base import EnvironmentSettings, Step, VectorEnvironment


class Robots(VectorEnvironment):
    """Copies of the Gymnasium task `environment_id`."""

    environment_id: str

    def __init__(self, settings: EnvironmentSettings, max_episode_steps: int) -> None:
        self.settings, self.max_episode_steps = settings, max_episode_steps
        self._robots = [self._make()]
        observations, actions = self._robots[0].observation_space, self._robots[0].action_space
        self.observation_low, self.observation_high = observations.low, observations.high
        self.action_low, self.action_high = actions.low.astype(np.float64), actions.high.astype(np.float64)

    def reset(self, num_agents: int, generator: np.random.Generator) -> Float[np.ndarray, "agents observation"]:
        self._at_least(num_agents)
        self._observations = np.stack(self._started(self._robots[:num_agents], generator))
        self._terminated = np.zeros(num_agents, dtype=bool)
        return self._observations.copy()

    def step(self, actions: Float[np.ndarray, "agents action"]) -> Step:
        clipped = np.clip(actions, self.action_low, self.action_high)
        rewards, costs = np.zeros((2, len(actions)))
        for i in np.flatnonzero(~self._terminated):
            self._observations[i], rewards[i], self._terminated[i], _, info = self._robots[i].step(clipped[i])
            if self.has_costs:
                costs[i] = self._cost(info)
        return Step(self._observations.copy(), rewards, self._terminated.copy(), costs if self.has_costs else None)

    def close(self) -> None:
        while self._robots:
            self._robots.pop().close()

    @abstractmethod
    def _make(self) -> Any:
        """A robot of its own."""

    @abstractmethod
    def _started(self, robots: list[Any], generator: np.random.Generator) -> list[Float[np.ndarray, "observation"]]:
        """Start an episode with each robot; its first observation."""

    def _cost(self, info: dict[str, Any]) -> float:
        """The cost of a step, from what Gymnasium says about it; asked for where there are costs."""
        return float(info["cost"])

    def _at_least(self, num_agents: int) -> None:
        self._robots += [self._make() for _ in range(num_agents - len(self._robots))]

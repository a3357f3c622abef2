"""Pathfollowing: a point mass in the plane that is to reach a goal directly or along one of two detours.

Description:
    A force moves a point from near (-1, -1) to the goal (1, 1) within 20 steps.
Observation: position and velocity, 4 numbers, length units and length units per step; or the published 10 numbers, in
    which the goal and the two barriers (10, 0) and (-10, 0) follow, always the same.
Action: force, each coordinate in ``[-1, 1]``; larger ones are clipped.
Dynamics: ``v' = 0.99 (v + 0.1 a + 0.01 e)``, ``p' = p + v'``, e standard normal.
Reward: minus the distance to the goal, minus ``max(0, |p'| - 2)^2``, minus 5 times the distance from the nearer of two
    lines: x = -1 and y = 1 for the path `lu` (up on the left, then right), x = 1 and y = -1 for `dr` (right, then up);
    none for `direct`. All judged at p'.
Start: (-1, -1) plus a uniform draw from ``[-0.2, 0.2]^2``, at rest.
End: truncated after `max_episode_steps` (20).

Source: Hu, Wang and Du (`Gridworld-reacher-continous` of their code).
Deviations: barriers push nobody, as no path leads within eight units of them; the published step counter allows a 21st
step.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from jaxtyping import Float
from pydantic import Field

from stages.environments import ENVIRONMENTS
from stages.environments.base import EnvironmentSettings, Step, VectorEnvironment

GOAL = np.array([1.0, 1.0])
BARRIERS = np.array([10.0, 0.0, -10.0, 0.0])
START, START_RADIUS = np.array([-1.0, -1.0]), 0.2
FORCE, FRICTION, NOISE = 0.1, 0.99, 0.01
FREE_RADIUS, PATH_WEIGHT = 2.0, 5.0

Path = Literal["direct", "lu", "dr"]
LINES = {"lu": np.array([-1.0, 1.0]), "dr": np.array([1.0, -1.0])}


class PathfollowingSettings(EnvironmentSettings):
    """Settings of Pathfollowing."""

    path: Path = Field("direct", description="the path that is rewarded: direct, or a detour along two sides")
    observations: Literal["compact", "published"] = Field(
        "compact", description="position and velocity, or the published numbers, which add constants"
    )
    max_episode_steps: int = Field(20, ge=1, description="steps after which an episode is truncated")


@ENVIRONMENTS.register("pathfollowing", PathfollowingSettings)
class Pathfollowing(VectorEnvironment):
    """`num_agents` independent points, stepped together; `motion` is position and velocity."""

    motion: Float[np.ndarray, "agents 4"]

    def __init__(self, settings: PathfollowingSettings) -> None:
        self.settings = settings
        self._constants = np.concatenate([GOAL, BARRIERS])[: 6 if settings.observations == "published" else 0]
        self.observation_low = np.concatenate([np.full(4, -np.inf), self._constants])
        self.observation_high = np.concatenate([np.full(4, np.inf), self._constants])
        self.action_low, self.action_high = np.full(2, -1.0), np.ones(2)
        self.max_episode_steps = settings.max_episode_steps

    def reset(self, num_agents: int, generator: np.random.Generator) -> Float[np.ndarray, "agents observation"]:
        self._generator = generator  # Draws the noise of the force too.
        position = START + generator.uniform(-START_RADIUS, START_RADIUS, (num_agents, 2))
        self.motion = np.concatenate([position, np.zeros_like(position)], axis=1)
        return self._observe()

    def step(self, actions: Float[np.ndarray, "agents 2"]) -> Step:
        position, velocity = np.split(self.motion, 2, axis=1)
        noise = NOISE * self._generator.standard_normal(velocity.shape)
        velocity = FRICTION * (velocity + FORCE * np.clip(actions, -1, 1) + noise)
        position = position + velocity
        self.motion = np.concatenate([position, velocity], axis=1)
        return Step(self._observe(), self.reward(position), np.zeros(len(position), dtype=bool))

    def reward(self, position: Float[np.ndarray, "agents 2"]) -> Float[np.ndarray, "agents"]:
        """Reward of having arrived at each position."""
        outside = np.maximum(0.0, np.linalg.norm(position, axis=1) - FREE_RADIUS)
        rewards: np.ndarray = -np.linalg.norm(position - GOAL, axis=1) - outside**2
        if self.settings.path != "direct":
            rewards -= PATH_WEIGHT * np.abs(position - LINES[self.settings.path]).min(axis=1)
        return rewards

    def _observe(self) -> Float[np.ndarray, "agents observation"]:
        constants = np.broadcast_to(self._constants, (len(self.motion), len(self._constants)))
        return np.concatenate([self.motion, constants], axis=1)

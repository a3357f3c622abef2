"""Point navigation on a square with penalty boxes (EMPO, Appendix A).

Description:
    A point moves over a square towards a goal. Defaults are the paper's: side 30, goal (30, 30), one penalty box.
Observation: position ``(x, y)`` in ``[0, size]^2``, length units.
Action: displacement per step, each coordinate in ``[-max_speed, max_speed]`` (0.2); larger ones are clipped.
Dynamics: ``s' = clip(s + a, 0, size)``.
Reward: 0 on reaching the goal (distance below `reach_distance`, 0.1), -2 inside a penalty box (borders included), -1
    otherwise; all judged at s'.
Start: uniform in ``[0, start_size]^2`` (0.1).
End: terminated at the goal, truncated after `max_episode_steps` (1000). The paper counts both as the episode's end.

Thousands of agents are stepped at once in numpy, in float64; recorded positions are float32.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float
from pydantic import Field, model_validator

from stages.environments import ENVIRONMENTS
from stages.environments.base import EnvironmentSettings, Step, VectorEnvironment

Box = tuple[float, float, float, float]


class NavigationSettings(EnvironmentSettings):
    """Geometry and rewards of the navigation task."""

    size: float = Field(30.0, gt=0, description="side of the square, length units")
    goal: tuple[float, float] = Field((30.0, 30.0), description="position of the goal")
    penalty_boxes: list[Box] = Field([(15.0, 0.0, 30.0, 10.0)], description="boxes (x0, y0, x1, y1) of reward -2")
    max_speed: float = Field(0.2, gt=0, description="largest displacement per step and coordinate")
    reach_distance: float = Field(0.1, gt=0, description="distance at which a goal or subgoal counts as reached")
    start_size: float = Field(0.1, ge=0, description="starts are uniform in [0, start_size]^2")
    max_episode_steps: int = Field(1000, ge=1, description="steps after which an episode is truncated")

    @model_validator(mode="after")
    def _fits(self) -> NavigationSettings:
        if not self.contains(self.goal):
            raise ValueError(f"the goal {self.goal} lies outside the square of side {self.size:g}")
        if turned := [box for box in self.penalty_boxes if box[0] > box[2] or box[1] > box[3]]:
            raise ValueError(f"penalty box {turned[0]} is not (x0, y0, x1, y1) with x0 <= x1 and y0 <= y1")
        return self

    def contains(self, point: tuple[float, float]) -> bool:
        """Whether `point` lies in the square."""
        return all(0 <= coordinate <= self.size for coordinate in point)


@ENVIRONMENTS.register("navigation", NavigationSettings)
class Navigation(VectorEnvironment):
    """`num_agents` independent points, stepped together."""

    def __init__(self, settings: NavigationSettings) -> None:
        self.settings = settings
        self.observation_low, self.observation_high = np.zeros(2), np.full(2, settings.size)
        self.action_low, self.action_high = np.full(2, -settings.max_speed), np.full(2, settings.max_speed)
        self.max_episode_steps = settings.max_episode_steps

    def reset(self, num_agents: int, generator: np.random.Generator) -> Float[np.ndarray, "agents 2"]:
        self.position = generator.uniform(0, self.settings.start_size, (num_agents, 2))
        return self.position.copy()

    def step(self, actions: Float[np.ndarray, "agents 2"]) -> Step:
        self.position, rewards, terminated = self.move(self.position, actions)
        return Step(self.position.copy(), rewards, terminated)

    def move(
        self, position: Float[np.ndarray, "agents 2"], actions: Float[np.ndarray, "agents 2"]
    ) -> tuple[Float[np.ndarray, "agents 2"], Float[np.ndarray, "agents"], Bool[np.ndarray, "agents"]]:
        """Next positions, rewards and whether the goal was reached, from any positions."""
        following = np.clip(position + np.clip(actions, self.action_low, self.action_high), 0.0, self.settings.size)
        reached = self.reached(following, np.asarray(self.settings.goal))
        rewards = np.where(self.penalised(following), -2.0, -1.0)
        return following, np.where(reached, 0.0, rewards), reached

    def reached(
        self, position: Float[np.ndarray, "agents 2"], target: Float[np.ndarray, "*agents 2"]
    ) -> Bool[np.ndarray, "agents"]:
        """Whether each position lies within `reach_distance` of its target."""
        gap = position - target
        near: np.ndarray = np.einsum("ij,ij->i", gap, gap) < self.settings.reach_distance**2
        return near

    def penalised(self, position: Float[np.ndarray, "agents 2"]) -> Bool[np.ndarray, "agents"]:
        """Whether each position lies inside a penalty box."""
        inside = np.zeros(len(position), dtype=bool)
        x, y = position.T
        for x0, y0, x1, y1 in self.settings.penalty_boxes:
            inside |= (x >= x0) & (x <= x1) & (y >= y0) & (y <= y1)
        return inside

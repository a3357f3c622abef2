"""Point navigation on a square with penalty boxes (EMPO, Appendix A).

Description:
    A point moves over a square towards a goal. Defaults are the paper's: side 30, goal (30, 30), one penalty box.
Observation: position ``(x, y)`` in ``[0, size]^2``, length units.
Action: displacement per step, each coordinate in ``[-max_speed, max_speed]`` (0.2); larger ones are clipped.
Dynamics: ``s' = clip(s + a, 0, size)``.
Reward: 0 on reaching the goal (distance below `reach_distance`, 0.1), -2 inside a penalty box, -1 otherwise.
Start: uniform in ``[0, start_size]^2`` (0.1).
End: terminated at the goal, truncated after `max_episode_steps` (1000).

The simulator steps thousands of agents at once in numpy; `NavigationEnv` shows the same dynamics as a Gymnasium
environment.
"""

from __future__ import annotations

import gymnasium
import numpy as np
from jaxtyping import Bool, Float
from pydantic import Field

from stages.environments.base import EnvironmentSettings, VectorEnvironment
from stages.registry import ENVIRONMENTS

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


@ENVIRONMENTS.register("navigation", NavigationSettings)
class Navigation(VectorEnvironment):
    """`num_agents` independent points, stepped together; agents that have ended keep their place."""

    observation_size = 2
    action_size = 2

    def __init__(self, settings: NavigationSettings) -> None:
        self.settings = settings
        self.action_high = np.full(2, settings.max_speed, dtype=np.float32)
        self.action_low = -self.action_high
        self.max_episode_steps = settings.max_episode_steps

    def reset(self, num_agents: int, generator: np.random.Generator) -> Float[np.ndarray, "agents 2"]:
        self.position = generator.uniform(0, self.settings.start_size, (num_agents, 2))
        return self.position.copy()

    def step(
        self, actions: Float[np.ndarray, "agents 2"]
    ) -> tuple[Float[np.ndarray, "agents 2"], Float[np.ndarray, "agents"], Bool[np.ndarray, "agents"]]:
        moved = self.position + np.clip(actions, self.action_low, self.action_high)
        self.position = np.clip(moved, 0.0, self.settings.size)
        reached = self.reached(self.position, np.asarray(self.settings.goal))
        rewards = np.where(self.penalised(self.position), -2.0, -1.0)
        return self.position.copy(), np.where(reached, 0.0, rewards), reached

    def reached(
        self, position: Float[np.ndarray, "agents 2"], target: Float[np.ndarray, "*agents 2"]
    ) -> Bool[np.ndarray, "agents"]:
        """Whether each position lies within `reach_distance` of its target."""
        gap = position - target
        return np.einsum("ij,ij->i", gap, gap) < self.settings.reach_distance**2

    def penalised(self, position: Float[np.ndarray, "agents 2"]) -> Bool[np.ndarray, "agents"]:
        """Whether each position lies inside a penalty box (borders included)."""
        inside = np.zeros(len(position), dtype=bool)
        x, y = position.T
        for x0, y0, x1, y1 in self.settings.penalty_boxes:
            inside |= (x >= x0) & (x <= x1) & (y >= y0) & (y <= y1)
        return inside


class NavigationEnv(gymnasium.Env):
    """The navigation task for one agent, as a Gymnasium environment (``render_mode`` none)."""

    metadata = {"render_modes": []}

    def __init__(self, settings: NavigationSettings | None = None) -> None:
        self.simulator = Navigation(settings or NavigationSettings())
        size, speed = self.simulator.settings.size, self.simulator.settings.max_speed
        self.observation_space = gymnasium.spaces.Box(0.0, size, (2,), np.float32)
        self.action_space = gymnasium.spaces.Box(-speed, speed, (2,), np.float32)

    def reset(self, *, seed: int | None = None, options: dict | None = None) -> tuple[np.ndarray, dict]:
        super().reset(seed=seed)
        self.elapsed = 0
        return self.simulator.reset(1, self.np_random)[0].astype(np.float32), {}

    def step(self, action: np.ndarray) -> tuple[np.ndarray, float, bool, bool, dict]:
        observations, rewards, terminated = self.simulator.step(np.asarray(action, dtype=np.float64)[None])
        self.elapsed += 1
        truncated = not terminated[0] and self.elapsed >= self.simulator.max_episode_steps
        return observations[0].astype(np.float32), float(rewards[0]), bool(terminated[0]), bool(truncated), {}

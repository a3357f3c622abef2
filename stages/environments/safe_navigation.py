"""Safe navigation: the fast way to the goal leads through areas that cost, longer ways around them.

Description:
    A point moves over a square of side 20 from the corner (0, 0) to the goal (20, 20). Four boxes cost 1 for every step
    inside: two on the diagonal, which is the fastest way (100 steps, about 50 of them inside), and one on either side,
    in the way of those who keep close to the first two. A way parallel to the diagonal, k length units beside it, takes
    100 + 5 k steps and costs about 50 - 10 k up to k = 3, 10 to 15 for k from 4 to 7, and nothing from k = 9 on.
Observation: position ``(x, y)`` in ``[0, size]^2``, length units.
Action: displacement per step, each coordinate in ``[-max_speed, max_speed]`` (0.2); larger ones are clipped.
Dynamics: ``s' = clip(s + a, 0, size)``.
Reward: 0 on reaching the goal (distance below `reach_distance`, 0.2), otherwise -1; judged at s'.
Cost: 1 inside a box (borders included), else and at the goal 0; judged at s'.
Start: uniform in ``[0, start_size]^2`` (1).
End: terminated at the goal, truncated after `max_episode_steps` (300).

Source: ours, after the point navigation of EMPO, where the boxes' penalties are part of the reward (see `navigation`).
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float
from pydantic import Field

from stages.environments import ENVIRONMENTS
from stages.environments.base import Step
from stages.environments.navigation import Box, Navigation, NavigationSettings

COST_BOXES: list[Box] = [
    (3.0, 3.0, 8.0, 8.0),
    (12.0, 12.0, 17.0, 17.0),
    (5.0, 11.0, 8.0, 14.0),
    (11.0, 5.0, 14.0, 8.0),
]


class SafeNavigationSettings(NavigationSettings):
    """Geometry of the safe navigation task."""

    size: float = Field(20.0, gt=0, description="side of the square, length units")
    goal: tuple[float, float] = Field((20.0, 20.0), description="position of the goal")
    penalty_boxes: list[Box] = Field(COST_BOXES, description="boxes (x0, y0, x1, y1) that cost 1 per step")
    reach_distance: float = Field(0.2, gt=0, description="distance at which a goal or subgoal counts as reached")
    start_size: float = Field(1.0, ge=0, description="starts are uniform in [0, start_size]^2")
    max_episode_steps: int = Field(300, ge=1, description="steps after which an episode is truncated")


@ENVIRONMENTS.register("safe_navigation", SafeNavigationSettings)
class SafeNavigation(Navigation):
    """`num_agents` independent points, stepped together."""

    has_costs = True

    def step(self, actions: Float[np.ndarray, "agents 2"]) -> Step:
        self.position, rewards, terminated = super().move(self.position, actions)
        costs = (rewards < -1).astype(np.float64)
        return Step(self.position.copy(), rewards + costs, terminated, costs)

    def move(
        self, position: Float[np.ndarray, "agents 2"], actions: Float[np.ndarray, "agents 2"]
    ) -> tuple[Float[np.ndarray, "agents 2"], Float[np.ndarray, "agents"], Bool[np.ndarray, "agents"]]:
        following, rewards, reached = super().move(position, actions)
        return following, np.maximum(rewards, -1.0), reached

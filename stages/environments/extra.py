"""Extra: a small grid with random obstacles, a goal, and two special cells that one policy seeks and another avoids.

Description:
    A grid of 5 x 5 free cells inside a border of walls. Every episode draws five obstacles, the start, the goal and two
    special cells, all different; then the obstacles next to the start, the goal or a special cell are removed. The
    first visit to each special cell is rewarded with `special_reward`; whether it was visited is not shown.
Observation: rows and columns of the agent, the goal, the two special cells and the five obstacles (both in rising
    order, removed ones first and (0, 0)); or 7 x 7 x 4 layers: walls, agent, goal, special cells.
Action, dynamics, end: those of every gridworld (`stages.environments.gridworld`), but `slip` is 0.1: with it, and not
    with the public code's default of 0.3, episodes of the three policies have the published lengths (10.3, 3.9, 3.8).
Reward: -0.3 per step or 10 on reaching the goal, plus `special_reward` on the first visit to a special cell; divided by
    the larger of 10 and 10 + 2 `special_reward`. The published versions good, bad and med have 10, -10 and 0.
Start: drawn as above.

Source: Hu, Wang and Du (`MiniGrid-Reacher-extra-good`, `-bad` and `-med` of their code).
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, Int
from pydantic import Field

from stages.environments import ENVIRONMENTS
from stages.environments.gridworld import AGENT, GOAL, MOVES, WALLS, Gridworld, GridworldSettings

SPECIAL = 3
NUM_SPECIALS, NUM_OBSTACLES = 2, 5
AGENT_AT, GOAL_AT, SPECIALS, OBSTACLES = slice(0, 2), slice(2, 4), slice(4, 8), slice(8, 18)
REACHED = slice(18, 20)


class ExtraSettings(GridworldSettings):
    """Settings of Extra."""

    slip: float = Field(0.1, ge=0, le=1, description="probability that an action is replaced by a uniformly drawn one")
    special_reward: float = Field(10.0, description="reward of the first visit to a special cell (good 10, bad -10)")


@ENVIRONMENTS.register("extra", ExtraSettings)
class Extra(Gridworld):
    """`num_agents` independent agents, stepped together; the special cells each has visited are hidden."""

    size, num_layers, num_coordinates = 7, 4, 18
    settings: ExtraSettings

    def __init__(self, settings: ExtraSettings) -> None:
        super().__init__(settings)
        self.largest_return = max(10.0, 10.0 + NUM_SPECIALS * settings.special_reward)

    def start(self, num_agents: int, generator: np.random.Generator) -> Int[np.ndarray, "agents numbers"]:
        inside = 1 + np.arange((self.size - 2) ** 2) % (self.size - 2)
        free = np.sort(inside) * self.size + inside
        drawn = free[generator.random((num_agents, len(free))).argsort(axis=1)]
        obstacles, kept = np.split(drawn[:, : NUM_OBSTACLES + 2 + NUM_SPECIALS], [NUM_OBSTACLES], axis=1)
        near = kept[:, :, None] + MOVES @ [self.size, 1]
        crowding = (obstacles[:, :, None] == near.reshape(num_agents, 1, -1)).any(axis=2)
        obstacles = np.sort(np.where(crowding, 0, obstacles), axis=1)
        agent, goal, specials = kept[:, :1], kept[:, 1:2], np.sort(kept[:, 2:], axis=1)
        coordinates = self.pairs(np.concatenate([agent, goal, specials, obstacles], axis=1))
        return np.concatenate([coordinates, np.zeros((num_agents, NUM_SPECIALS), dtype=np.int64)], axis=1)

    def blocked(self, position: Int[np.ndarray, "agents 2"]) -> Bool[np.ndarray, "agents"]:
        obstacle = (self.cells(position) == self.cells(self.situation[:, OBSTACLES])).any(axis=1)
        blocked: np.ndarray = super().blocked(position) | obstacle
        return blocked

    def arrive(self) -> tuple[Float[np.ndarray, "agents"], Bool[np.ndarray, "agents"]]:
        here = self.cells(self.situation[:, AGENT_AT])
        at_goal = (here == self.cells(self.situation[:, GOAL_AT]))[:, 0]
        first_visit = (here == self.cells(self.situation[:, SPECIALS])) & (self.situation[:, REACHED] == 0)
        self.situation[:, REACHED] += first_visit
        return np.where(at_goal, 10.0, -0.3) + first_visit.sum(axis=1) * self.settings.special_reward, at_goal

    def shown(self, coordinates: Int[np.ndarray, "states numbers"]) -> list[tuple[int, Int[np.ndarray, "states _"]]]:
        things = [(AGENT, AGENT_AT), (GOAL, GOAL_AT), (SPECIAL, SPECIALS), (WALLS, OBSTACLES)]
        return [(layer, self.cells(coordinates[:, where])) for layer, where in things]

    def coordinates(self, layers: Float[np.ndarray, "states pixels"]) -> Float[np.ndarray, "states numbers"]:
        things = [(AGENT, 1), (GOAL, 1), (SPECIAL, NUM_SPECIALS), (WALLS, NUM_OBSTACLES)]
        cells = np.concatenate([self.cells_in(layers, layer, count) for layer, count in things], axis=1)
        return self.pairs(cells).astype(np.float32)

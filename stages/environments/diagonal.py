"""Diagonal: an open grid whose goal lies in the far corner, so that there are many equally short ways.

Description:
    A grid of 7 x 7 free cells inside a border of walls.
Observation: row and column of the agent, 1 to 7; or 9 x 9 x 3 layers: walls, agent, goal.
Action, dynamics, end: those of every gridworld (`stages.environments.gridworld`).
Reward: -0.3 per step, 10 on reaching the goal, divided by 10.
Start: uniform over rows 1-4 and columns 1-4. Goal: (7, 7).

Source: Hu, Wang and Du (`MiniGrid-Reacher-MDP` of their code).
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, Int

from stages.environments import ENVIRONMENTS
from stages.environments.gridworld import AGENT, GOAL, Gridworld, GridworldSettings

START_SIZE = 4


class DiagonalSettings(GridworldSettings):
    """Settings of Diagonal."""


@ENVIRONMENTS.register("diagonal", DiagonalSettings)
class Diagonal(Gridworld):
    """`num_agents` independent agents, stepped together."""

    size, num_layers, num_coordinates = 9, 3, 2
    goal = (7, 7)

    def start(self, num_agents: int, generator: np.random.Generator) -> Int[np.ndarray, "agents numbers"]:
        return 1 + (generator.random((num_agents, 2)) * START_SIZE).astype(np.int64)

    def arrive(self) -> tuple[Float[np.ndarray, "agents"], Bool[np.ndarray, "agents"]]:
        at_goal = (self.situation == self.goal).all(axis=1)
        return np.where(at_goal, 10.0, -0.3), at_goal

    def shown(self, coordinates: Int[np.ndarray, "states numbers"]) -> list[tuple[int, Int[np.ndarray, "states _"]]]:
        goal = np.full((len(coordinates), 1), self.goal[0] * self.size + self.goal[1])
        return [(AGENT, self.cells(coordinates)), (GOAL, goal)]

    def coordinates(self, layers: Float[np.ndarray, "states pixels"]) -> Float[np.ndarray, "states numbers"]:
        return self.pairs(self.cells_in(layers, AGENT, 1)).astype(np.float32)

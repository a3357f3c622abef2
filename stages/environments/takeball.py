"""Takeball: fetch one of four balls at the far side of a grid and carry it to the goal.

Description:
    A grid of 7 x 7 free cells inside a border of walls. Four balls lie in row 1, at columns 1, 3, 5 and 7. The first
    ball that is touched is taken, and all balls vanish from sight; which one was taken is not shown.
Observation: row and column of the agent, then the column of each ball, in the order of their ids, 0 once they are gone;
    or 9 x 9 x 7 layers: walls, agent, goal, one for each ball.
Action, dynamics, end: those of every gridworld (`stages.environments.gridworld`).
Reward: 1 on reaching the goal with the ball `target`, else 0.
Start: row 7, a uniformly drawn column of 1-3. Goal: (7, 7). Balls 0-3 lie from left to right, or `permuted`, in an
    order drawn anew for every episode.

Source: Hu, Wang and Du (`MDPtakeball` of their code, permuted: `MDPtakeball-hard`).
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, Int
from pydantic import Field

from stages.environments import ENVIRONMENTS
from stages.environments.gridworld import AGENT, GOAL, Gridworld, GridworldSettings

BALL_ROW, BALL_COLUMNS = 1, np.array([1, 3, 5, 7])
NUM_BALLS = len(BALL_COLUMNS)
START_ROW, START_COLUMNS = 7, 3
BALLS, HELD = slice(2, 2 + NUM_BALLS), 2 + NUM_BALLS


class TakeballSettings(GridworldSettings):
    """Settings of Takeball."""

    target: int = Field(0, ge=0, lt=NUM_BALLS, description="id of the ball that is rewarded")
    permuted: bool = Field(False, description="lay the balls in an order drawn anew for every episode")


@ENVIRONMENTS.register("takeball", TakeballSettings)
class Takeball(Gridworld):
    """`num_agents` independent agents, stepped together; the ball each holds (-1: none) is hidden."""

    size, num_layers, num_coordinates = 9, 3 + NUM_BALLS, 2 + NUM_BALLS
    goal = (7, 7)
    settings: TakeballSettings

    def start(self, num_agents: int, generator: np.random.Generator) -> Int[np.ndarray, "agents numbers"]:
        draws = generator.random((num_agents, 1 + NUM_BALLS))
        balls = BALL_COLUMNS[draws[:, 1:].argsort(axis=1)] if self.settings.permuted else BALL_COLUMNS
        situation = np.empty((num_agents, self.num_coordinates + 1), dtype=np.int64)
        situation[:, 0], situation[:, 1] = START_ROW, 1 + draws[:, 0] * START_COLUMNS
        situation[:, BALLS], situation[:, HELD] = balls, -1
        return situation

    def arrive(self) -> tuple[Float[np.ndarray, "agents"], Bool[np.ndarray, "agents"]]:
        touched = (self.situation[:, BALLS] == self.situation[:, 1:2]) & (self.situation[:, :1] == BALL_ROW)
        taken = touched.any(axis=1)
        self.situation[taken, HELD] = touched.argmax(axis=1)[taken]
        self.situation[taken, BALLS] = 0
        at_goal = (self.situation[:, :2] == self.goal).all(axis=1)
        return np.where(at_goal & (self.situation[:, HELD] == self.settings.target), 10.0, 0.0), at_goal

    def shown(self, coordinates: Int[np.ndarray, "states numbers"]) -> list[tuple[int, Int[np.ndarray, "states _"]]]:
        goal = np.full((len(coordinates), 1), self.goal[0] * self.size + self.goal[1])
        columns = coordinates[:, BALLS]
        cells = np.where(columns > 0, BALL_ROW * self.size + columns, 0)
        balls = [(GOAL + 1 + ball, cells[:, [ball]]) for ball in range(NUM_BALLS)]
        return [(AGENT, self.cells(coordinates[:, :2])), (GOAL, goal), *balls]

    def coordinates(self, layers: Float[np.ndarray, "states pixels"]) -> Float[np.ndarray, "states numbers"]:
        agent = self.pairs(self.cells_in(layers, AGENT, 1))
        balls = [self.cells_in(layers, GOAL + 1 + ball, 1) % self.size for ball in range(NUM_BALLS)]
        return np.concatenate([agent, *balls], axis=1).astype(np.float32)

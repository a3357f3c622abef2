"""What the gridworlds share: five actions that sometimes slip, walls, a goal, and two ways to show the same state.

Description:
    An agent walks over a square grid with a border of walls. Rows and columns count from 0 at the upper left, border
    included.
Observation: by default `coordinates`, a few whole numbers (row and column of the agent first); or `layers`, the
    published picture, one one-hot layer per kind of thing, flattened as (row, column, layer). Both show the same, and
    `Gridworld.layers` and `Gridworld.coordinates` turn one into the other.
Action: 0 up, 1 down, 2 left, 3 right, 4 stay.
Dynamics: with probability `slip` (0.3) the action is replaced by one drawn uniformly from all five; a step into a wall
    leads nowhere. The action that was meant is what data sets record.
Reward: given for what is entered, divided by the largest sum of rewards.
End: terminated at the goal, truncated after `max_episode_steps` (40).

Source: Hu, Wang and Du, Policy-Based Trajectory Clustering in Offline Reinforcement Learning, and its public code
(ElliotXinqiWang/Policy-clustering).
Deviations: coordinates, which the published code lacks, are the default, since layers of a million steps take
gigabytes.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float, Int
from pydantic import Field

from stages.environments.base import EnvironmentSettings, Step, VectorEnvironment

UP, DOWN, LEFT, RIGHT, STAY = range(5)
MOVES = np.array([(-1, 0), (1, 0), (0, -1), (0, 1), (0, 0)])
WALLS, AGENT, GOAL = range(3)


class GridworldSettings(EnvironmentSettings):
    """What every gridworld can be set to."""

    slip: float = Field(0.3, ge=0, le=1, description="probability that an action is replaced by a uniformly drawn one")
    observations: Literal["coordinates", "layers"] = Field(
        "coordinates", description="a few whole numbers, or the published one-hot layers; both show the same"
    )
    max_episode_steps: int = Field(40, ge=1, description="steps after which an episode is truncated")


class Gridworld(VectorEnvironment):
    """Agents on a grid of `size` x `size` cells, stepped together.

    A cell's number is ``row * size + column``; 0, a corner, stands for a thing that is not there.

    Attributes:
        size: Rows and columns, border included.
        num_layers: One-hot layers of the picture: walls, agent, goal and the task's own.
        num_coordinates: Numbers of the compact observation, which are the first ones of a `situation`.
        largest_return: What rewards are divided by.
        situation: ``[agents, numbers]`` of each agent: its coordinates, then what it cannot see.
    """

    size: int
    num_layers: int
    num_coordinates: int
    largest_return: float = 10.0
    num_actions = len(MOVES)
    situation: Int[np.ndarray, "agents numbers"]

    def __init__(self, settings: GridworldSettings) -> None:
        self.settings = settings
        border = np.zeros((self.size, self.size, self.num_layers), dtype=np.float32)
        border[[0, -1], :, WALLS] = border[:, [0, -1], WALLS] = 1
        self._border = border.ravel()
        compact = settings.observations == "coordinates"
        self.observation_high = np.full(self.num_coordinates, self.size - 1.0) if compact else np.ones(border.size)
        self.observation_low = np.zeros_like(self.observation_high)
        self.action_low = self.action_high = np.zeros(0)
        self.max_episode_steps = settings.max_episode_steps

    def reset(self, num_agents: int, generator: np.random.Generator) -> Float[np.ndarray, "agents observation"]:
        self._generator = generator  # Draws the slips too.
        self.situation = self.start(num_agents, generator)
        return self._observe()

    def step(self, actions: Int[np.ndarray, "agents"]) -> Step:
        slips = self._generator.random(len(actions)) < self.settings.slip
        executed = np.where(slips, self._generator.integers(self.num_actions, size=len(actions)), actions)
        before = self.situation[:, :2]
        target = before + MOVES[executed]
        self.situation[:, :2] = np.where(self.blocked(target)[:, None], before, target)
        rewards, at_goal = self.arrive()
        return Step(self._observe(), rewards / self.largest_return, at_goal)

    @abstractmethod
    def start(self, num_agents: int, generator: np.random.Generator) -> Int[np.ndarray, "agents numbers"]:
        """Situations in which episodes begin."""

    def blocked(self, position: Int[np.ndarray, "agents 2"]) -> Bool[np.ndarray, "agents"]:
        """Whether a wall stands at each position."""
        border: np.ndarray = ((position == 0) | (position == self.size - 1)).any(axis=1)
        return border

    @abstractmethod
    def arrive(self) -> tuple[Float[np.ndarray, "agents"], Bool[np.ndarray, "agents"]]:
        """Let the agents act on the cells they are in: rewards, before division, and whether that is the goal."""

    @abstractmethod
    def shown(self, coordinates: Int[np.ndarray, "states numbers"]) -> list[tuple[int, Int[np.ndarray, "states _"]]]:
        """What the picture shows besides the border: layers, with the numbers of the cells that are set in them."""

    @abstractmethod
    def coordinates(self, layers: Float[np.ndarray, "states pixels"]) -> Float[np.ndarray, "states numbers"]:
        """The compact observations that are pictured by `layers`."""

    def layers(self, coordinates: Float[np.ndarray, "states numbers"]) -> Float[np.ndarray, "states pixels"]:
        """The published one-hot pictures of compact observations, float32."""
        picture = np.tile(self._border, (len(coordinates), 1))
        for layer, cells in self.shown(coordinates.astype(np.int64)):
            # What is not there sets the first pixel, the wall in the corner, which is set anyway.
            np.put_along_axis(picture, np.where(cells > 0, cells * self.num_layers + layer, 0), 1, axis=1)
        return picture

    @classmethod
    def cells(cls, pairs: Int[np.ndarray, "states numbers"]) -> Int[np.ndarray, "states things"]:
        """Numbers of the cells given as rows and columns side by side."""
        numbers: np.ndarray = pairs[:, ::2] * cls.size + pairs[:, 1::2]
        return numbers

    @classmethod
    def pairs(cls, cells: Int[np.ndarray, "states things"]) -> Int[np.ndarray, "states numbers"]:
        """Rows and columns, side by side, of cells given by number."""
        return np.stack([cells // cls.size, cells % cls.size], axis=2).reshape(len(cells), -1)

    def cells_in(
        self, layers: Float[np.ndarray, "states pixels"], layer: int, count: int
    ) -> Int[np.ndarray, "states things"]:
        """The last `count` cells set in one layer, border aside, in rising order; zeros first where there are fewer."""
        is_set = layers[:, layer :: self.num_layers] > self._border[layer :: self.num_layers]
        cells: np.ndarray = np.sort(is_set * np.arange(self.size**2), axis=1)[:, -count:]
        return cells

    def _observe(self) -> Float[np.ndarray, "agents observation"]:
        compact = self.situation[:, : self.num_coordinates].astype(np.float32)
        return compact if self.settings.observations == "coordinates" else self.layers(compact)

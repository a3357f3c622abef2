"""Bullet-Safety-Gym's eight tasks of DSRL: Ball, Car, Drone and Ant, each running straight or in a circle (optional).

Description:
    Run: along x as far as possible, within a corridor and a speed limit. Circle: round the origin, clockwise, at radius
    7, between two walls. They need the packages ``bullet-safety-gym`` and ``pybullet``, which nothing else here does.
Observation: of the agent's body (7 to 33 numbers); in circles also the distance from the circle, scaled.
Action: motor commands in [-1, 1].
Reward: Run: 60 times the step's approach to a point 1000 m down the x axis, plus what the agent earns or pays for its
    body. Circle: ``0.1 (y v_x - x v_y) / (1 + |r - 7|)``, plus 0.01 times that.
Cost: Run: 1 where |y| > 2 or the speed is above 1.5 (Ball 2.5). Circle: 1 where |x| > 6. Else 0.
Start: Run: within 0.01 of the origin. Circle: at a radius between 2 and 4, heading along the tangent.
End: Ant and Drone terminate by falling over; truncated after 100 to 500 steps, as in DSRL.

Source: Gronauer, Bullet-Safety-Gym, 2022, version 1.4.0 (``liuzuxin/Bullet-Safety-Gym``, the fork that DSRL uses).
Deviations: motors begin with a command of 0, whatever the last one before was. Starts come from the generator that
`reset` is given: the package draws them from numpy's global one, whatever seed it gets, so the name ``np`` in two of
its modules is replaced by a numpy whose `random` is a generator of ours.
"""

from __future__ import annotations

import contextlib
import importlib
import sys
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
from jaxtyping import Float
from pydantic import Field

from stages.environments import ENVIRONMENTS
from stages.environments.base import EnvironmentSettings
from stages.environments.robots import Robots
from stages.errors import UserError

HORIZONS = {
    "BallRun": 100,
    "CarRun": 200,
    "DroneRun": 200,
    "AntRun": 200,
    "BallCircle": 200,
    "CarCircle": 300,
    "DroneCircle": 300,
    "AntCircle": 500,
}
REMEDY = "Install it: pip install --no-deps bullet-safety-gym==1.4.0 pybullet"


class BulletSettings(EnvironmentSettings):
    """Bullet tasks are fixed, up to their time limit."""

    max_episode_steps: int | None = Field(
        None, ge=1, description="steps after which an episode is truncated; null: the task's own, 100 to 500"
    )


class Bullet(Robots):
    """Copies of the task `environment_id`, each with a simulator of its own."""

    horizon: int
    has_costs = True
    most_agents = 64  # a simulator of CarRun takes 85 MiB

    def __init__(self, settings: BulletSettings) -> None:
        super().__init__(settings, settings.max_episode_steps or self.horizon)

    def _make(self) -> Any:
        import gymnasium

        _package(self.environment_id).random = np.random.Generator(np.random.Philox(0))
        with _real_streams():
            robot = gymnasium.make(self.environment_id, disable_env_checker=True).unwrapped
        robot.reset()  # Later resets return to what the first one left, which has to be the same for every robot.
        return robot

    def _started(self, robots: list[Any], generator: np.random.Generator) -> list[Float[np.ndarray, "observation"]]:
        observations = []
        for robot, seed in zip(robots, generator.integers(2**63, size=len(robots)), strict=True):
            _package(self.environment_id).random = np.random.Generator(np.random.Philox(seed))
            _rest(robot)
            observations.append(robot.reset()[0])
        return observations


def _rest(robot: Any) -> None:
    """Forget the episode before, of which the package's reset leaves two things that change the next one.

    The motors keep their last command, and the simulator what it knew about contacts: it forgets a body in the air.
    """
    robot.bc.restoreState(robot.stored_state_id)
    robot.agent.set_position((0.0, 0.0, 50.0))
    robot.bc.stepSimulation()
    robot.bc.restoreState(robot.stored_state_id)
    robot.agent.apply_action(np.zeros(robot.action_space.shape))


class _Numpy:
    """Numpy, with `random` drawing from whatever generator was put there."""

    random: np.random.Generator

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)


def _package(environment_id: str) -> _Numpy:
    """The package's numpy.

    Raises:
        UserError: It is not installed.
    """
    try:
        return _import()
    except ImportError as error:
        raise UserError(f"needs a package that is missing ({error})", place=environment_id, remedy=REMEDY) from error


@cache
def _import() -> _Numpy:
    """Import the package, and give it a numpy with a random generator of its own."""
    with _real_streams():
        importlib.import_module("bullet_safety_gym.envs.builder")
    seeded = _Numpy()
    for name in ("agents", "tasks"):
        vars(importlib.import_module(f"bullet_safety_gym.envs.{name}"))["np"] = seeded
    return seeded


@contextlib.contextmanager
def _real_streams() -> Iterator[None]:
    """The process's own output streams: the package silences the simulator by descriptor, which only they have."""
    with contextlib.redirect_stdout(sys.__stdout__), contextlib.redirect_stderr(sys.__stderr__):
        yield


def _register(task: str, horizon: int) -> None:
    environment_id = f"Safety{task}-v0"
    members = {
        "environment_id": environment_id,
        "horizon": horizon,
        "__module__": __name__,
        "__doc__": f"Bullet-Safety-Gym's {environment_id}.",
    }
    ENVIRONMENTS.register(environment_id, BulletSettings)(type(f"Safety{task}", (Bullet,), members))


for _task, _horizon in HORIZONS.items():
    _register(_task, _horizon)

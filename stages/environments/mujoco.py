"""Gymnasium's MuJoCo robots: Hopper, HalfCheetah, Walker2d and Ant, as ``-v4`` and ``-v5``.

Observation, action, reward, start and end are Gymnasium's (its page of each task). All take torques in [-1, 1] and are
truncated after 1000 steps. D4RL's files were recorded with the older ``-v2`` tasks: v4 keeps their rewards and ends and
differs slightly in its dynamics; v5 also changes rewards at falls, Walker2d's friction and Ant's observation.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from jaxtyping import Float
from pydantic import Field

from stages.environments import ENVIRONMENTS, ROBOTS
from stages.environments.base import EnvironmentSettings
from stages.environments.robots import Robots
from stages.errors import UserError


class MujocoSettings(EnvironmentSettings):
    """What Gymnasium lets one choose about a robot."""

    options: dict[str, Any] = Field(
        {}, description="options of the Gymnasium task, such as use_contact_forces for Ant-v4"
    )
    max_episode_steps: int = Field(1000, ge=1, description="steps after which an episode is truncated")


class Mujoco(Robots):
    """Copies of the robot `environment_id`."""

    settings: MujocoSettings

    def __init__(self, settings: MujocoSettings) -> None:
        super().__init__(settings, settings.max_episode_steps)

    def state(self) -> Float[np.ndarray, "agents numbers"]:
        robots = self._robots[: len(self._terminated)]
        simulated = np.stack([_simulated(robot) for robot in robots])
        return np.concatenate([self._observations, self._terminated[:, None], simulated], axis=1)

    def restore(self, state: Float[np.ndarray, "agents numbers"]) -> None:
        self._at_least(len(state))
        observations, terminated, simulated = np.split(
            state, [self.observation_size, self.observation_size + 1], axis=1
        )
        self._observations, self._terminated = observations.copy(), terminated[:, 0] == 1
        for robot, numbers in zip(self._robots, simulated, strict=False):
            _restore(robot, numbers)

    def _make(self) -> Any:
        import gymnasium  # Costly together with MuJoCo, and of no use to navigation.

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # Gymnasium would have everybody use v5.
            try:
                return gymnasium.make(self.environment_id, disable_env_checker=True, **self.settings.options).unwrapped
            except (TypeError, ValueError, OSError) as error:
                reason = str(error).partition(" was raised from")[0]
                raise UserError(f"not for {self.environment_id} ({reason})", place="options") from error

    def _started(self, robots: list[Any], generator: np.random.Generator) -> list[Float[np.ndarray, "observation"]]:
        seeds = generator.integers(2**31, size=len(robots))
        return [robot.reset(seed=int(seed))[0] for robot, seed in zip(robots, seeds, strict=True)]


def _simulated(robot: Any) -> Float[np.ndarray, "numbers"]:
    """All that the simulator goes on from, and where it last saw the bodies, which rewards are differences of."""
    import mujoco

    numbers = np.zeros(mujoco.mj_stateSize(robot.model, mujoco.mjtState.mjSTATE_INTEGRATION))
    mujoco.mj_getState(robot.model, robot.data, numbers, mujoco.mjtState.mjSTATE_INTEGRATION)
    return np.concatenate([robot.data.xpos.ravel(), numbers])


def _restore(robot: Any, numbers: Float[np.ndarray, "numbers"]) -> None:
    import mujoco

    positions, numbers = np.split(numbers, [robot.data.xpos.size])
    mujoco.mj_setState(robot.model, robot.data, numbers, mujoco.mjtState.mjSTATE_INTEGRATION)
    robot.data.xpos[:] = positions.reshape(robot.data.xpos.shape)


def _register(environment_id: str) -> None:
    members = {"environment_id": environment_id, "__module__": __name__, "__doc__": f"Gymnasium's {environment_id}."}
    ENVIRONMENTS.register(environment_id, MujocoSettings)(type(environment_id.replace("-v", "V"), (Mujoco,), members))


for _robot in ROBOTS:
    for _version in ("v4", "v5"):
        _register(f"{_robot}-{_version}")

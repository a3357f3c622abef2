"""Gymnasium's MuJoCo robots: Hopper, HalfCheetah, Walker2d and Ant, as ``-v4`` and ``-v5``.

Observation, action, reward, start and end are Gymnasium's (its page of each task). All take torques in [-1, 1] and are
truncated after 1000 steps. D4RL's files were recorded with the older ``-v2`` tasks: v4 keeps their rewards and ends and
differs slightly in its dynamics; v5 also changes rewards at falls, Walker2d's friction and Ant's observation.

Copies are stepped one after the other in one process; agents whose episode has terminated are left alone.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from jaxtyping import Float
from pydantic import Field

from stages.environments.base import EnvironmentSettings, Step, VectorEnvironment
from stages.errors import UserError
from stages.registry import ENVIRONMENTS


class MujocoSettings(EnvironmentSettings):
    """What Gymnasium lets one choose about a robot."""

    options: dict[str, Any] = Field(
        {}, description="options of the Gymnasium task, such as use_contact_forces for Ant-v4"
    )
    max_episode_steps: int = Field(1000, ge=1, description="steps after which an episode is truncated")


class Mujoco(VectorEnvironment):
    """Copies of the robot `environment_id`, made as they are needed and kept for the next episodes."""

    environment_id: str

    def __init__(self, settings: MujocoSettings) -> None:
        self.settings = settings
        self.max_episode_steps = settings.max_episode_steps
        self._robots = [self._make()]
        observations, actions = self._robots[0].observation_space, self._robots[0].action_space
        self.observation_low, self.observation_high = observations.low, observations.high
        self.action_low, self.action_high = actions.low.astype(np.float64), actions.high.astype(np.float64)

    def reset(self, num_agents: int, generator: np.random.Generator) -> Float[np.ndarray, "agents observation"]:
        self._robots += [self._make() for _ in range(num_agents - len(self._robots))]
        starts = [int(seed) for seed in generator.integers(2**31, size=num_agents)]
        self._observations = np.stack([robot.reset(seed=s)[0] for robot, s in zip(self._robots, starts, strict=False)])
        self._terminated = np.zeros(num_agents, dtype=bool)
        return self._observations.copy()

    def step(self, actions: Float[np.ndarray, "agents action"]) -> Step:
        clipped = np.clip(actions, self.action_low, self.action_high)
        rewards = np.zeros(len(actions))
        for i in np.flatnonzero(~self._terminated):
            self._observations[i], rewards[i], self._terminated[i], *_ = self._robots[i].step(clipped[i])
        return Step(self._observations.copy(), rewards, self._terminated.copy())

    def state(self) -> Float[np.ndarray, "agents numbers"]:
        robots = self._robots[: len(self._terminated)]
        simulated = np.stack([_simulated(robot) for robot in robots])
        return np.concatenate([self._observations, self._terminated[:, None], simulated], axis=1)

    def restore(self, state: Float[np.ndarray, "agents numbers"]) -> None:
        self._robots += [self._make() for _ in range(len(state) - len(self._robots))]
        observations, terminated, simulated = np.split(
            state, [self.observation_size, self.observation_size + 1], axis=1
        )
        self._observations, self._terminated = observations.copy(), terminated[:, 0] == 1
        for robot, numbers in zip(self._robots, simulated, strict=False):
            _restore(robot, numbers)

    def close(self) -> None:
        while self._robots:
            self._robots.pop().close()

    def _make(self) -> Any:
        import gymnasium  # Costly together with MuJoCo, and of no use to navigation.

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # Gymnasium would have everybody use v5.
            try:
                return gymnasium.make(self.environment_id, disable_env_checker=True, **self.settings.options).unwrapped
            except (TypeError, ValueError, OSError) as error:
                reason = str(error).partition(" was raised from")[0]
                raise UserError(f"not for {self.environment_id} ({reason})", place="options") from error


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


for _robot in ("Hopper", "HalfCheetah", "Walker2d", "Ant"):
    for _version in ("v4", "v5"):
        _register(f"{_robot}-{_version}")

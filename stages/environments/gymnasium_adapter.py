"""Any of our environments as a Gymnasium environment with one agent, for Gymnasium's own tools."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np

from stages.environments.base import VectorEnvironment

Info = dict[str, Any]


class GymnasiumAdapter(gymnasium.Env[np.ndarray, Any]):
    """One agent of `environment`, in float32, truncated at its time limit; costs are ``info["cost"]``."""

    metadata = {"render_modes": []}

    def __init__(self, environment: VectorEnvironment) -> None:
        self.environment = environment
        low, high = environment.observation_low, environment.observation_high
        self.observation_space = gymnasium.spaces.Box(low.astype(np.float32), high.astype(np.float32), dtype=np.float32)
        self.action_space: gymnasium.Space[Any]
        if environment.num_actions is not None:
            self.action_space = gymnasium.spaces.Discrete(environment.num_actions)
        else:
            low, high = environment.action_low, environment.action_high
            self.action_space = gymnasium.spaces.Box(low.astype(np.float32), high.astype(np.float32), dtype=np.float32)

    def reset(self, *, seed: int | None = None, options: Info | None = None) -> tuple[np.ndarray, Info]:
        """Start an episode."""
        super().reset(seed=seed)
        self.elapsed = 0
        return self.environment.reset(1, self.np_random)[0].astype(np.float32), {}

    def step(self, action: Any) -> tuple[np.ndarray, float, bool, bool, Info]:
        """One step of the agent."""
        kind = np.float64 if self.environment.num_actions is None else np.int64
        observations, rewards, terminated, costs = self.environment.step(np.asarray(action, dtype=kind)[None])
        self.elapsed += 1
        info = {} if costs is None else {"cost": float(costs[0])}
        truncated = not terminated[0] and self.elapsed >= self.environment.max_episode_steps
        return observations[0].astype(np.float32), float(rewards[0]), bool(terminated[0]), bool(truncated), info

    def close(self) -> None:
        """Release the environment."""
        self.environment.close()

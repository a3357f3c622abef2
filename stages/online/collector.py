"""Experience for off-policy learning: robots that act all the time, and the memory of what happened to them.

Each robot is an environment with one agent, restarted on its own when its episode ends. Steps go into a ring of rows
that `stages.training.loop` draws minibatches from. Observations are kept as they are; their running mean and standard
deviation, over everything seen, are tensors that change in place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from stages.environments.base import VectorEnvironment
from stages.seeding import generator
from stages.training.rows import Rows

MIN_STD = 1e-2
Policy = Callable[[Float[Tensor, "robots observation"], Float[Tensor, "robots action"]], Float[Tensor, "robots action"]]


class Collector:
    """Robots and their memory.

    Args:
        robots: Environments of one task, one agent each.
        capacity: Steps that are remembered; later ones replace the oldest.
        seed: Seed of starts and action noise.
        device: Where rows and statistics live.
    """

    def __init__(
        self, robots: Sequence[VectorEnvironment], capacity: int, seed: int, device: torch.device | str = "cpu"
    ) -> None:
        self.robots, self.capacity, self.seed = list(robots), capacity, seed
        observation, action = robots[0].observation_size, robots[0].action_size
        widths = {"observations": observation, "actions": action, "rewards": 1, "continues": 1}
        self.rows = Rows(
            {name: torch.zeros(capacity, width) for name, width in widths.items()}
            | {"next_observations": torch.zeros(capacity, observation)},
            device,
        )
        self.mean, self.std = torch.zeros(observation, device=device), torch.ones(observation, device=device)
        self._moments = torch.zeros(2, observation, dtype=torch.float64)
        self._counts = torch.zeros(2, dtype=torch.int64)  # steps seen, episodes begun
        self._elapsed = torch.zeros(len(robots), dtype=torch.int64)
        self._observations = torch.zeros(len(robots), observation)
        for robot in range(len(robots)):
            self._restart(robot)
        self._states = torch.zeros(len(robots), robots[0].state().shape[1], dtype=torch.float64)

    @property
    def num_steps(self) -> int:
        """Steps seen so far."""
        return int(self._counts[0])

    @property
    def num_held(self) -> int:
        """Steps in memory."""
        return min(self.num_steps, self.capacity)

    def collect(self, steps_each: int, policy: Policy) -> None:
        """Let every robot act `steps_each` times; `policy` maps observations and standard normal noise to actions."""
        first = self.num_steps
        random = generator(self.seed, "exploration", first)
        noise = random.standard_normal((steps_each, len(self.robots), self.robots[0].action_size), dtype=np.float32)
        seen = []
        for step in range(steps_each):
            actions = policy(self._observations, torch.from_numpy(noise[step]))
            seen.append(self._step(actions))
        new = torch.cat(seen)
        where = (first + torch.arange(len(new))) % self.capacity
        self.rows.matrix[where.to(self.rows.matrix.device)] = new.to(self.rows.matrix.device)
        self._counts[0] += len(new)
        self._update_statistics(new[:, : len(self.mean)])

    def tensors(self) -> dict[str, Tensor]:
        """Memory, statistics, counts, and the robots' own state as it is now."""
        self._states.copy_(torch.from_numpy(np.concatenate([robot.state() for robot in self.robots])))
        return {
            "rows": self.rows.matrix,
            "mean": self.mean,
            "std": self.std,
            "moments": self._moments,
            "counts": self._counts,
            "observations": self._observations,
            "elapsed": self._elapsed,
            "states": self._states,
        }

    def go_on(self) -> None:
        """Let the robots go on from where they were when the tensors were saved."""
        for robot, state in zip(self.robots, self._states.numpy(), strict=True):
            robot.restore(state[None])

    def _step(self, actions: Tensor) -> Tensor:
        """Every robot's step as a row; robots whose episode ended are started again."""
        before, chosen = self._observations.clone(), actions.double().numpy()
        rewards, continues = torch.zeros(len(self.robots), 1), torch.ones(len(self.robots), 1)
        following = torch.zeros_like(before)
        for i, robot in enumerate(self.robots):
            step = robot.step(chosen[i : i + 1])
            following[i] = torch.from_numpy(step.observations[0])
            rewards[i], continues[i] = float(step.rewards[0]), 1.0 - float(step.terminated[0])
            self._elapsed[i] += 1
            if step.terminated[0] or self._elapsed[i] >= robot.max_episode_steps:
                self._restart(i)
            else:
                self._observations[i] = following[i]
        return torch.cat([before, actions, rewards, continues, following], dim=1)

    def _restart(self, robot: int) -> None:
        random = generator(self.seed, "exploration starts", int(self._counts[1]))
        self._observations[robot] = torch.from_numpy(self.robots[robot].reset(1, random)[0])
        self._elapsed[robot] = 0
        self._counts[1] += 1

    def _update_statistics(self, observations: Float[Tensor, "steps observation"]) -> None:
        values = observations.double()
        self._moments += torch.stack([values.sum(0), values.square().sum(0)])
        mean, square = self._moments / self.num_steps
        self.mean.copy_(mean)
        self.std.copy_((square - mean.square()).clamp(min=MIN_STD**2).sqrt())

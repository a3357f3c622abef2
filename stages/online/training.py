"""What an online learner is given, and the part of the training loop that is online: acting before learning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from stages.environments.base import VectorEnvironment
from stages.environments.loading import make
from stages.online.actors import Actors
from stages.online.collector import Collector, Policy
from stages.progress import Progress
from stages.training.checkpoint import Checkpoint, naming_last_good, remove_checkpoints
from stages.training.draws import UniformDraws
from stages.training.learner import Learner
from stages.training.loop import Loop
from stages.training.rows import Batch, Rows


@dataclass(frozen=True)
class OnlineJob:
    """A task to learn, a seed, and where to compute and checkpoint.

    Attributes:
        output: File the job makes; names the checkpoints. None: no checkpoints.
        fingerprint: Identifies settings and code, so that a stale checkpoint is not taken up.
    """

    environment: str
    environment_settings: dict[str, Any] = field(default_factory=dict)
    seed: int = 0
    device: torch.device = torch.device("cpu")
    output: str | None = None
    fingerprint: str = ""

    def make(self) -> VectorEnvironment:
        """A new copy of the task."""
        return make(self.environment, self.environment_settings)

    def progress(self, label: str, total: int, unit: str = "step") -> Progress:
        """Progress under the name of the task."""
        return Progress(f"{self.environment}: {label}", total, unit)

    def train(self, label: str, learner: Learner, rows: Rows, draws: UniformDraws, num_steps: int) -> None:
        """Train `learner` with progress under `label`, resuming from its checkpoint if there is one."""
        checkpoint = Checkpoint(label, self.output, self.fingerprint, every_seconds=300.0) if self.output else None
        with self.progress(label, num_steps) as progress, naming_last_good(checkpoint):
            Loop(learner, rows, draws, checkpoint, progress).run(num_steps)

    def finish(self) -> None:
        """The output is complete: forget the checkpoints."""
        if self.output:
            remove_checkpoints(Path(self.output))


class ReplayDraws(UniformDraws):
    """Rows of what has been seen so far; before each chunk of steps, more is seen.

    Args:
        collector: Whose rows are drawn; it acts in chunks of `steps_each` steps per robot.
        policy: How it acts.
        batch_size: Rows per step.
        chunk_steps: Gradient steps between two times of acting.
        steps_each: Steps per robot at such a time.
        first_each: Steps per robot before the first chunk, with uniform actions.
        noise: Width of each named standard-normal noise array that a step needs.
    """

    def __init__(
        self,
        collector: Collector,
        policy: Policy,
        batch_size: int,
        chunk_steps: int,
        steps_each: int,
        first_each: int,
        noise: Mapping[str, int],
    ) -> None:
        super().__init__([collector.seed], collector.capacity, batch_size, chunk_steps, noise)
        self.collector, self.policy = collector, policy
        self.steps_each, self.first_each = steps_each, first_each
        self._acted = False

    def chunk(self, start: int, stop: int, device: torch.device) -> Batch:
        if start == 0:
            self.collector.collect(self.first_each, uniform)
        elif not self._acted:
            self.collector.go_on()
        self._acted = True
        self.collector.collect(self.steps_each, self.policy)
        self.num_rows = self.collector.num_held
        return super().chunk(start, stop, device)


def uniform(observations: Tensor, noise: Float[Tensor, "robots action"]) -> Float[Tensor, "robots action"]:
    """Actions uniform in ``[-1, 1]``, whatever is observed: the noise's own quantiles."""
    return torch.erf(noise / 2**0.5)


class Snapshots:
    """A policy at equal distances of its training, kept with the state of the learner.

    Args:
        actors: The policy in training, one, sharing its memory with the learner.
        every: Gradient steps between two snapshots.
        count: How many there will be.
    """

    def __init__(self, actors: Actors, every: int, count: int) -> None:
        self.actors, self.every = actors, every
        self.count = torch.zeros((), dtype=torch.int64)
        self.parameters = actors.parameters.new_zeros(count, len(actors.parameters))
        self.statistics = actors.parameters.new_zeros(count, 2, actors.observation_mean.shape[1])

    def keep(self, batch: Batch) -> dict[str, Tensor]:
        """Take one (an eager update of the learner)."""
        position = int(self.count)
        self.parameters[position] = self.actors.parameters
        self.statistics[position, 0] = self.actors.observation_mean[0]
        self.statistics[position, 1] = self.actors.observation_std[0]
        self.count += 1
        return {}

    def tensors(self) -> dict[str, Tensor]:
        """All state, for checkpoints."""
        return {"count": self.count, "parameters": self.parameters, "statistics": self.statistics}

    def all(self) -> list[Actors]:
        """The policies so far, named by the gradient step."""
        return [
            self._actors(f"step {(i + 1) * self.every}", self.parameters[i].cpu(), self.statistics[i].cpu())
            for i in range(int(self.count))
        ]

    def _actors(
        self, name: str, parameters: Float[Tensor, "parameters"], statistics: Float[Tensor, "2 observation"]
    ) -> Actors:
        mean, std = statistics[:1], statistics[1:]
        return Actors((name,), self.actors.ensemble, parameters, mean, std, self.actors.squashed)


def rounds(update_ratio: float, num_robots: int, least_updates: int = 16) -> tuple[int, int]:
    """Gradient steps and steps per robot of one round, as nearly in the ratio asked for as whole numbers allow."""
    steps_each = max(1, round(least_updates / (update_ratio * num_robots)))
    return max(1, round(steps_each * num_robots * update_ratio)), steps_each

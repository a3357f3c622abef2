"""Behaviour cloning: one Gaussian policy fitted to all actions by maximum likelihood.

Objective: ``- log pi(a | s)`` over the dataset.
Source:    the baseline "BC" of EMPO, Table 1.

Where behaviours conflict the policy is their average, which may be what none of them does.
"""

from __future__ import annotations

from pydantic import Field
from torch import Tensor

from stages.algorithms import ALGORITHMS
from stages.algorithms.contract import OfflineAlgorithm
from stages.networks import gaussian
from stages.networks.ensemble import Ensemble
from stages.seeding import generators
from stages.settings import Settings, Widths
from stages.training.job import Job
from stages.training.learner import Losses, Update
from stages.training.rows import Batch, Rows
from stages.training.trainable import Trainable


class BehaviourCloningSettings(Settings):
    """Behaviour cloning."""

    num_steps: int = Field(100_000, ge=0, description="gradient steps")
    hidden_sizes: Widths = Field((64, 64, 64), description="hidden layer widths")
    batch_size: int = Field(256, ge=1, description="rows per gradient step")
    learning_rate: float = Field(3.0e-4, gt=0, description="Adam step size")


@ALGORITHMS.register("bc", BehaviourCloningSettings)
class BehaviourCloning(OfflineAlgorithm):
    """Learner of the cloned policy."""

    squashed = False

    def __init__(self, job: Job, settings: BehaviourCloningSettings) -> None:
        super().__init__(job, settings)
        self.rows = Rows({"observations": job.observations, "actions": job.actions}, job.device)
        observation, action = job.observations.shape[1], job.actions.shape[1]
        self.policy = Ensemble((observation, *settings.hidden_sizes, 2 * action), len(job.seeds))
        self.actor = Trainable(self.policy, generators(job.seeds, "bc"), settings.learning_rate, job.device)
        self.updates = [Update(self.fit)]
        self.noise = {}

    def fit(self, batch: Batch) -> Losses:
        """One step on the negative log-likelihood."""
        loss = -gaussian.log_prob(self.actor(batch["observations"]), batch["actions"]).mean((1, 2))
        self.actor.minimise(loss)
        return {"actor": loss}

    def tensors(self) -> dict[str, Tensor]:
        return self.actor.tensors()

"""TD3-AWR: ReBRAC whose cloning counts good actions more.

Objectives: those of `rebrac`, with ``b_1 min(exp(T (min_i Q_i(s, a) - V(s))), 100) ||pi(s) - a||^2`` for cloning;
            ``V`` by the expectile ``|tau - 1(u < 0)| u^2``, ``u = min_i Q_i(s, a) - V(s)``. V serves the weights alone.
Source:     Jackson et al., A Clean Slate for Offline Reinforcement Learning, NeurIPS 2025, Section 5; settings as in
            their Unifloral.

Deviations: those of `rebrac`; the published settings are found by search in a range, of which the defaults are inner
            values.

Symbols: actor_weight = b_1, critic_weight = b_2, temperature = T, expectile = tau.
"""

from __future__ import annotations

import torch
from pydantic import Field
from torch import Tensor

from stages.algorithms import ALGORITHMS
from stages.algorithms.advantage_weights import advantage_weights
from stages.algorithms.rebrac import Rebrac, RebracSettings
from stages.algorithms.twin_critics import pairs_of
from stages.networks.normed_ensemble import NormedEnsemble
from stages.seeding import generators
from stages.training.expectile import expectile_loss
from stages.training.job import Job
from stages.training.learner import Losses, Update, state_of
from stages.training.rows import Batch
from stages.training.trainable import Trainable


class Td3AwrSettings(RebracSettings):
    """TD3-AWR; defaults are inner values of the published ranges."""

    temperature: float = Field(3.0, ge=0, description="T: how sharply cloning prefers better actions")
    expectile: float = Field(0.7, gt=0, lt=1, description="expectile tau of the value of a state")


@ALGORITHMS.register("td3_awr", Td3AwrSettings)
class Td3Awr(Rebrac):
    """Learner of actor, twin critics and values of states."""

    settings: Td3AwrSettings

    def __init__(self, job: Job, settings: Td3AwrSettings) -> None:
        super().__init__(job, settings)
        sizes = (job.observations.shape[1], *settings.hidden_sizes, 1)
        values = NormedEnsemble(sizes, len(job.seeds))
        sources = generators(job.seeds, "td3_awr values")
        self.values = Trainable(values, sources, settings.learning_rate, job.device)
        critics, *delayed = self.updates
        self.updates = [critics, Update(self.fit_values, every=settings.actor_every), *delayed]

    def fit_values(self, batch: Batch) -> Losses:
        """One step of the values of states."""
        loss = expectile_loss(self.advantages(batch), self.settings.expectile).mean((1, 2, 3))
        self.values.minimise(loss)
        return {"value": loss}

    def advantages(self, batch: Batch) -> Tensor:
        """``min_i Q_i(s, a) - V(s)`` with gradients to V alone, ``[seeds, 1, batch, 1]``."""
        with torch.no_grad():
            values = self.critics(pairs_of(batch)).amin(1, keepdim=True)
        return values - self.values(batch["observations"])

    def cloning_weights(self, batch: Batch) -> Tensor:
        with torch.no_grad():
            return advantage_weights(self.advantages(batch), self.settings.temperature)

    def tensors(self) -> dict[str, Tensor]:
        return super().tensors() | state_of(values=self.values)

"""Behaviour cloning for small data: bounded means, averaged weights, and as many steps as held-out episodes allow.

Objective: ``- log pi(a | s)`` over all episodes, Gaussian with ``mean = tanh(output)``.
Source:    none for the whole; see `stages.cloning.steady`, of which this is the case of one group.
"""

from __future__ import annotations

import numpy as np
from torch import Tensor

from stages.algorithms import ALGORITHMS
from stages.algorithms.contract import OfflineAlgorithm
from stages.cloning.steady import SteadyCloning, SteadySettings
from stages.training.draws import Draws
from stages.training.job import Job


@ALGORITHMS.register("steady_bc", SteadySettings)
class SteadyBc(OfflineAlgorithm):
    """Learner of the cloned policy."""

    squashed = False
    head = SteadyCloning.head
    settings: SteadySettings

    def __init__(self, job: Job, settings: SteadySettings) -> None:
        super().__init__(job, settings)
        everything = np.ones((len(job.seeds), 1, job.dataset.num_episodes), dtype=bool)
        self.cloning = SteadyCloning(job, settings, everything, "steady_bc")
        self.rows, self.updates, self.noise = self.cloning.rows, self.cloning.updates, {}
        self.policy, self.actor = self.cloning.policies, self.cloning.actor

    def draws(self) -> Draws:
        """Rows of all episodes, and of those that each split does not leave out."""
        return self.cloning.draws()

    def finished(self) -> bool:
        return self.cloning.finished()

    def policy_parameters(self) -> Tensor:
        return self.cloning.parameters()

    def tensors(self) -> dict[str, Tensor]:
        return self.cloning.tensors()

"""Cloning of actions from state and embedding: what imitators that only maximise likelihood have in common."""

from __future__ import annotations

from stages.embeddings.imitation.contract import Imitator, ImitatorSettings, Vectors
from stages.networks import gaussian
from stages.training.job import Job
from stages.training.learner import Losses, Update
from stages.training.rows import Batch


class Cloner(Imitator):
    """A Gaussian policy per seed that reads an embedding beside the state."""

    def __init__(self, job: Job, settings: ImitatorSettings, vectors: Vectors) -> None:
        super().__init__(job, settings, vectors)
        self.updates = [Update(self.fit)]

    def fit(self, batch: Batch) -> Losses:
        """One step on ``- log pi(a | s, e)``, e that of each row's episode."""
        loss = -gaussian.log_prob(self.actor(self.inputs(batch, "observations")), batch["actions"]).mean((1, 2))
        self.actor.minimise(loss)
        return {"imitator": loss}

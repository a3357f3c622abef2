"""One policy per seed and limit fitted to the rows it may see; the learner that all cloning shares."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from stages.safety.limits.limit_head import LimitHead
from stages.seeding import Seeds
from stages.training.job import Job
from stages.training.learner import Learner, Losses, Update
from stages.training.member_draws import MemberDraws, Pools
from stages.training.rows import Batch, Rows
from stages.training.trainable import Trainable


class Cloning(Learner):
    """Learner of ``- log p(a | s)``, with the head's reading of p."""

    def __init__(self, actor: Trainable, head: LimitHead) -> None:
        self.actor, self.head = actor, head
        self.updates = [Update(self.fit)]

    def fit(self, batch: Batch) -> Losses:
        """One step on the mean over the batch."""
        loss = -self.head.log_prob(self.actor(batch["observations"]), batch["actions"]).mean(-1)
        self.actor.minimise(loss)
        return {"cloning": loss.detach()}

    def tensors(self) -> dict[str, Tensor]:
        return self.actor.tensors()


def limit_draws(
    seeds: Seeds, pools: Sequence[Pools], limits: Sequence[float], batch_size: int, purpose: str
) -> MemberDraws:
    """Draws for one network per limit, all seeds from the same pools; equal limits of a seed get equal draws."""
    purposes = [f"{purpose}, limit {limit:g}" for limit in limits]
    return MemberDraws(seeds, dict.fromkeys(seeds, pools), purposes, batch_size)


def rows_to_clone(job: Job) -> Rows:
    """Normalised observations and actions of all rows."""
    return Rows({"observations": job.observations, "actions": job.actions}, job.device)

"""Cloning for small data: bounded means, averaged weights, and as many steps as held-out episodes allow.

Objective: ``- log pi(a | s)`` over a group's episodes, Gaussian with ``mean = tanh(output)``.
Source:    none for the whole; exponential averages of cloned weights: Block et al., Butterfly Effects of SGD Noise,
           ICLR 2024; the rest is the usual care.

* The mean lies in the box of the data, so that it need not be clipped when acting.
* Each policy sees observations in the scaling of its group's episodes (`stages.cloning.group_scaling`), so that it is
  what it would be if there were no other groups.
* The policy that acts has the exponential average of the weights, since the noise of the last steps is amplified along
  an episode.
* Beside the policy of all episodes of a group, others are trained in the same steps that each leave some episodes out.
  Every `check_every` steps the squared error of the mean action is measured on the episodes left out, and the policy of
  all episodes is kept as it is where the median of these errors over all steps is least. Likelihood would mislead: it
  asks for steps to stop when deviations shrink, long before means have been learnt. So would the mean of the errors,
  which a single fall decides, as nobody can foretell the actions of one.
* With `committee`, all these policies act together, by the mean of their outputs (`stages.cloning.committee`): errors
  that each makes alone cancel. Not for much data, where there is little to cancel.

A group that has waited `patience` checks in vain is settled, and training ends when all groups of all seeds are: what a
seed finds does not depend on those trained beside it.
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from pydantic import Field
from torch import Tensor

from stages.cloning.committee import as_one, widened
from stages.cloning.group_scaling import GroupScaling
from stages.cloning.held_out import split_rows
from stages.cloning.kept import Kept
from stages.networks import gaussian
from stages.networks.ensemble import Ensemble
from stages.seeding import member_generators
from stages.settings import Settings, Widths
from stages.training.draws import Draws
from stages.training.job import Job
from stages.training.learner import Learner, Losses, Update, state_of
from stages.training.member_draws import MemberDraws
from stages.training.rows import Batch, Rows
from stages.training.trainable import Trainable


class SteadySettings(Settings):
    """Cloning for small data."""

    num_steps: int = Field(20_000, ge=1, description="gradient steps at most, of which the best number is found")
    hidden_sizes: Widths = Field((128, 128), description="hidden layer widths")
    batch_size: int = Field(128, ge=1, description="rows per gradient step")
    learning_rate: float = Field(3.0e-3, gt=0, description="Adam step size")
    weight_decay: float = Field(0.0, ge=0, description="decoupled weight decay")
    average_decay: float = Field(0.999, ge=0, lt=1, description="share of the averaged weights that a step keeps")
    held_out_share: float = Field(0.2, gt=0, lt=1, description="share of the episodes that a split leaves out")
    num_splits: int = Field(1, ge=1, description="policies that each leave other episodes out, to stop by")
    committee: bool = Field(False, description="act by the mean output of all policies, those that leave some out too")
    check_every: int = Field(500, ge=1, description="steps between looks at the held-out episodes")
    patience: int = Field(10, ge=1, description="looks without a smaller error after which a policy is settled")


class SteadyCloning(Learner):
    """Policies of groups of episodes, for a block of seeds.

    Args:
        job: Dataset, seeds, device.
        settings: Networks, steps, splits.
        groups: The episodes of each group. A group without any learns from all, and is of no use.
        purpose: Names the random numbers.
    """

    head = "bounded_gaussian"

    def __init__(
        self, job: Job, settings: SteadySettings, groups: Bool[np.ndarray, "seeds groups episodes"], purpose: str
    ) -> None:
        self.job, self.settings, self.purpose = job, settings, purpose
        self.rows = Rows({"observations": job.observations, "actions": job.actions}, job.device)
        self.members = groups[:, :, job.dataset.episode_of_step]
        self.left_out = [[self._splits(seed, *of) for of in enumerate(row)] for seed, row in enumerate(self.members)]
        num_seeds, self.num_groups = groups.shape[:2]
        width = 2 * job.actions.shape[1]
        sizes = job.observations.shape[1], *settings.hidden_sizes, width
        every = 1 + settings.num_splits
        self.num_acting = every if settings.committee else 1
        self.policies = Ensemble(widened(sizes, self.num_acting), num_seeds, self.num_groups)
        ensemble = Ensemble(sizes, num_seeds, self.num_groups * every)
        self.scaling = GroupScaling.of(job, groups)
        self.scaling_of_each = self.scaling.repeated(every)
        sources, decay = member_generators(job.seeds, purpose, ensemble.num_members), settings.weight_decay
        self.actor = Trainable(ensemble, sources, settings.learning_rate, job.device, target=True, weight_decay=decay)
        self.kept = Kept(self.policies, self._acting(), settings.patience)
        self.held_out, self.counted = self._held_out_rows()
        looks = min(settings.check_every, settings.num_steps)
        self.updates = [Update(self.fit), Update(self.average), Update(self.check, every=looks, eager=True)]

    def _splits(self, seed: int, group: int, member: Bool[np.ndarray, "steps"]) -> list[Int[np.ndarray, "_"]]:
        rows = self._rows_of(member)
        episode = self.job.dataset.episode_of_step[rows]
        share, number = self.settings.held_out_share, self.settings.num_splits
        return split_rows(self.job.seeds[seed], rows, episode, share, number)

    @staticmethod
    def _rows_of(member: Bool[np.ndarray, "steps"]) -> Int[np.ndarray, "_"]:
        return np.flatnonzero(member) if member.any() else np.arange(len(member))

    def draws(self) -> Draws:
        """For every group its rows, then for every split those that it does not leave out."""
        pools = {}
        for seed, of_seed, left_out in zip(self.job.seeds, self.members, self.left_out, strict=True):
            pools[seed] = []
            for member, splits in zip(of_seed, left_out, strict=True):
                rows = self._rows_of(member)
                # Where there are fewer splits than asked for, the first come again; their errors are not counted twice.
                again = [splits[number % len(splits)] for number in range(self.settings.num_splits)]
                pools[seed] += [[rows], *([np.setdiff1d(rows, split)] for split in again)]
        purposes = [f"{self.purpose} rows {number}" for number in range(self.actor.ensemble.num_members)]
        return MemberDraws(self.job.seeds, pools, purposes, self.settings.batch_size)

    def fit(self, batch: Batch) -> Losses:
        """One step on the negative log-likelihood."""
        outputs = gaussian.bounded(self.actor(self.scaling_of_each(batch["observations"])))
        loss = -gaussian.log_prob(outputs, batch["actions"]).mean(2)
        self.actor.minimise(loss)
        return {"policy": loss.mean(1)}

    def average(self, batch: Batch) -> Losses:
        """One step of the averaged weights."""
        self.actor.move_target(1 - self.settings.average_decay)
        return {}

    def check(self, batch: Batch) -> Losses:
        """Keep the averaged policies that act where those that left some out erred least so far."""
        error = self.held_out_error()
        self.kept.offer(self._acting(), error)
        return {"held-out error": error.mean(1)}

    def finished(self) -> bool:
        return bool(self.kept.settled.all())

    def held_out_error(self) -> Float[Tensor, "seeds groups"]:
        """Median over held-out rows of the averaged policies' squared error, summed over action coordinates."""
        batch = self.rows.gather(self.held_out)
        outputs = self.actor.target(self.scaling_of_each(batch["observations"]))
        mean, _ = gaussian.mean_and_log_std(gaussian.bounded(outputs))
        error = (mean - batch["actions"]).square().sum(-1).masked_fill(~self.counted, torch.nan)
        return error.view(len(error), self.num_groups, -1).nanmedian(-1).values

    def parameters(self) -> Float[Tensor, "parameters"]:
        """Of `policies`: those kept."""
        return self.kept.parameters

    def tensors(self) -> dict[str, Tensor]:
        return state_of(actor=self.actor, kept=self.kept)

    def _acting(self) -> Float[Tensor, "parameters"]:
        """Of `policies`: the averaged parameters of those that left nothing out, or of all as committees."""
        every = 1 + self.settings.num_splits
        averaged = self.actor.ensemble.views(self.actor.target_parameters)
        chosen = [view.unflatten(0, (-1, every))[:, : self.num_acting].flatten() for view in averaged]
        apart = Ensemble(self.actor.ensemble.sizes, self.policies.num_seeds, self.num_groups * self.num_acting)
        return self.scaling.folded(self.policies, as_one(apart, torch.cat(chosen), self.num_acting))

    def _held_out_rows(self) -> tuple[Int[Tensor, "seeds members most"], Bool[Tensor, "seeds members most"]]:
        """Rows that each policy leaves out, filled up with row 0 to equal numbers, and which of them count."""
        nothing = np.zeros(0, dtype=np.int64)
        places = self.settings.num_splits
        rows = [
            [part for splits in of_seed for part in [nothing, *splits, *[nothing] * (places - len(splits))]]
            for of_seed in self.left_out
        ]
        most = max(len(part) for of_seed in rows for part in of_seed)
        index = np.stack([[np.pad(part, (0, most - len(part))) for part in of_seed] for of_seed in rows])
        counted = np.stack([[np.arange(most) < len(part) for part in of_seed] for of_seed in rows])
        device = self.job.device
        return torch.from_numpy(index).to(device), torch.from_numpy(counted).to(device)


def clone_steadily(
    job: Job, settings: SteadySettings, groups: Bool[np.ndarray, "seeds groups episodes"], purpose: str
) -> tuple[SteadyCloning, dict[str, Tensor]]:
    """Train until every group is settled; the learner with what it kept, and the losses by name."""
    learner = SteadyCloning(job, settings, groups, purpose)
    metrics = job.train(purpose, learner, learner.rows, learner.draws(), settings.num_steps)
    return learner, metrics.tensors()

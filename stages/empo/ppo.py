"""Improving the clusters' policies by PPO with actions sampled from the learnt behaviours (EMPO, Section 3.2).

Objective: maximise ``min(rho A, clip(rho, 1 - eps, 1 + eps) A)`` (Eq. 14), where ``a' ~ beta(. | s, z)``, z = A(s, a),
           ``rho = pi(a' | s, z) / beta(a' | s, z)`` and ``A = Q_z(s, a') - V_z(s)``.
Source:    Park, Cho, Sung: EMPO, ARLET 2024, Eq. 14, Algorithm 2 lines 15-17, Figure 4; for refreshed references also
           Zhuang et al.: Behavior Proximal Policy Optimization, ICLR 2023.

Each epoch takes one Adam step on the gradient of the whole dataset, summed exactly over chunks (`minibatch_size` null,
the paper's choice), or one step per minibatch. With `refresh_every` n, the reference beta and the sampled actions
become the current policy's every n epochs, so that the policy can move further than one clipping range; Q and V stay
those of the behaviour.

Deviations: Eq. 14 is printed as a loss to descend; it is the objective, and is ascended. Sampled actions are clipped to
            the box of the dataset's actions before Q sees them, as the environment would. Advantages are shifted and
            scaled to mean 0 and deviation 1 within a cluster (`normalise_advantages`): Q and V are trained separately,
            and a constant gap between them would otherwise count as an advantage of every action. Actions are sampled
            once per reference rather than once per epoch.

Symbols: num_epochs = N_pi, clip_range = eps_c.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from pydantic import Field
from torch import Tensor

from stages.empo import IMPROVEMENT
from stages.empo.clipped_surrogate import clipped_surrogate
from stages.empo.improvement import ImprovementMethod
from stages.networks import gaussian
from stages.seeding import generators
from stages.settings import Settings
from stages.training.checkpoint import naming_last_good
from stages.training.learner import Losses
from stages.training.metrics import Metrics


class PpoSettings(Settings):
    """PPO on sampled actions; defaults are the paper's where it gives them."""

    num_epochs: int = Field(10, ge=0, description="passes over the dataset N_pi")
    clip_range: float = Field(0.2, gt=0, lt=1, description="clipping of the probability ratio eps_c")
    learning_rate: float = Field(3.0e-4, gt=0, description="Adam step size")
    minibatch_size: int | None = Field(None, ge=1, description="rows per step and cluster; null: the whole dataset")
    refresh_every: int | None = Field(None, ge=1, description="epochs between refreshes of the reference; null: never")
    normalise_advantages: bool = Field(True, description="advantages of mean 0 and deviation 1 within each cluster")


class Samples(NamedTuple):
    """One sampled action per row, its log-probability under the reference, and its advantage."""

    actions: Float[Tensor, "seeds clusters rows action"]
    log_probs: Float[Tensor, "seeds clusters rows"]
    advantages: Float[Tensor, "seeds clusters rows"]


@IMPROVEMENT.register("ppo", PpoSettings)
class Ppo(ImprovementMethod):
    """PPO for all clusters of a block of seeds; cluster z sees the rows assigned to it."""

    settings: PpoSettings

    def run(self) -> Metrics:
        self.reference = self.policies.parameters.detach().clone()
        metrics = Metrics(every=1)
        first = self.checkpoint.resume(self, metrics) if self.checkpoint else 0
        period = self.settings.refresh_every or max(self.settings.num_epochs, 1)
        samples: Samples | None = None
        progressing = self.job.progress("PPO", self.settings.num_epochs, "epoch")
        with progressing as progress, naming_last_good(self.checkpoint):
            for epoch in range(first, self.settings.num_epochs):
                if epoch % period == 0:
                    self.reference.copy_(self.policies.parameters.detach())
                if samples is None or epoch % period == 0:
                    samples = self.sample(epoch // period)
                metrics.record(epoch + 1, self.improve(samples, epoch))
                if self.checkpoint:
                    self.checkpoint.save_if_due(self, metrics, epoch + 1)
                progress.advance_to(epoch + 1)
        return metrics

    def improve(self, samples: Samples, epoch: int) -> Losses:
        """One pass over the rows, with one Adam step on the whole gradient or one per minibatch."""
        order = None if self.settings.minibatch_size is None else self._shuffled(epoch)
        count = self.rows.num_rows if order is None else order.shape[-1]
        size = self.settings.minibatch_size or count
        totals = torch.zeros(2, len(self.job.seeds), device=self.job.device)
        for start in range(0, count, size):
            batch = range(start, min(start + size, count))
            totals += self._accumulate(samples, batch, order) * (len(batch) / count)
            self.policies.apply_gradient()
        return {"surrogate": totals[0], "clipped share": totals[1]}

    def _accumulate(
        self, samples: Samples, batch: range, order: Int[Tensor, "seeds clusters places"] | None
    ) -> Float[Tensor, "2 seeds"]:
        """Gradient of the mean surrogate over `batch`, summed over chunks; means of surrogate and clipping."""
        totals = torch.zeros(2, len(self.job.seeds), device=self.job.device)
        for chunk in self.rows.chunks(self.chunk_rows, order, batch):
            actions, old_log_probs, advantages = (self.rows.pick(values, chunk.positions) for values in samples)
            outputs = self.distribution(self.policies.parameters, chunk.observations)
            log_ratio = gaussian.log_prob(outputs, actions) - old_log_probs
            surrogate = clipped_surrogate(log_ratio, advantages, self.settings.clip_range)
            shares = chunk.weights if order is None else (chunk.weights > 0) / len(batch)
            (-surrogate.objective * shares).sum().backward()
            both = torch.stack([surrogate.objective.detach(), surrogate.clipped])
            totals += (both * shares).sum(-1).mean(-1)
        return totals

    @torch.no_grad()
    def sample(self, position: int) -> Samples:
        """An action of the reference at every row, with its advantage."""
        # Drawn by row of the dataset, not by place among the cluster's rows, which depends on the other seeds' padding.
        noise = np.empty((len(self.job.seeds), self.job.dataset.num_steps, len(self.action_low)), np.float32)
        for of_seed, source in zip(noise, generators(self.job.seeds, "sampled actions", position), strict=True):
            source.standard_normal(out=of_seed, dtype=np.float32)
        by_row = torch.from_numpy(noise).to(self.job.device)
        seeds = torch.arange(len(by_row), device=by_row.device)[:, None, None]
        # Filled chunk by chunk, since these are the largest arrays of all: an action of each seed at each row, padded.
        old_log_probs, advantages = (torch.empty_like(self.rows.weights) for _ in range(2))
        actions = by_row.new_empty(*self.rows.index.shape, by_row.shape[-1])
        for chunk in self.rows.chunks(self.chunk_rows):
            outputs = self.distribution(self.reference, chunk.observations)
            places = self.rows.pick(self.rows.index, chunk.positions)
            sampled = gaussian.sample(outputs, by_row[seeds, places])
            boxed = torch.clamp(sampled, self.action_low, self.action_high)
            at = (slice(None), slice(None), chunk.positions)
            actions[at], old_log_probs[at] = sampled, gaussian.log_prob(outputs, sampled)
            advantages[at] = self.critics.advantage(chunk.observations, boxed)
        if self.settings.normalise_advantages:
            advantages = self.rows.standardised(advantages)
        return Samples(actions, old_log_probs, advantages)

    def tensors(self) -> dict[str, Tensor]:
        return {"reference": self.reference, **self.policies.tensors()}

    def _shuffled(self, epoch: int) -> Int[Tensor, "seeds clusters places"]:
        """Each cluster's rows in random order, an even share of the dataset's rows for each.

        Smaller clusters come round again and of larger ones some rows wait for another epoch, so that every cluster
        fills its minibatches, and a seed makes the same steps whatever clusters the seeds beside it have.
        """
        places = -(-self.job.dataset.num_steps // self.rows.num_clusters)
        order = np.zeros((*self.rows.index.shape[:2], places), dtype=np.int64)
        sizes = (self.rows.weights > 0).sum(-1).tolist()
        for seed, source in enumerate(generators(self.job.seeds, "improvement rows", epoch)):
            for z, size in enumerate(sizes[seed]):
                if size:
                    order[seed, z] = np.resize(source.permutation(size), places)
        return torch.from_numpy(order).to(self.job.device)

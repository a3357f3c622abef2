"""C4: clustered cross-covariance control, a plug-in of TD3+BC, CQL and IQL.

Where critics bootstrap from unseen actions, gradients at (s, a) and at (s', a') come to vary together, which squared
errors reward. Batches from one cluster of gradient pairs have no covariance between clusters, and what is left within
is penalised. The host's batches and one term of its critics' loss change, nothing else.

Objective: the host's, its critics' with ``+ lambda (||C||_F^2 + beta (tr C)^2)`` for each, C the cross-covariance in
           the batch of target gradients g' at (s', a') and online gradients g at (s, a), a' the action on record,
           without gradients through g'. Batches come from one cluster of ``y = [g', g]`` each, clusters from a Gaussian
           mixture that is refitted every now and then.
Source:    Qiao, Sheng, Wang, Ren: Less is More: Clustered Cross-Covariance Control for Offline RL, ICLR 2026, Theorems
           1 and 2. lambda, beta and the period of refits are not in what could be read of it.

Deviations: y is projected to few dimensions at random. The first clusters are those of (s, a). Ends of episodes have no
            a': they take no part in C and in fits, and get the likeliest cluster for g with g' at its mean.
            ``variant: dot_product`` is what the authors' release does by default: lambda times the mean of <g', g>,
            which is no covariance; its other habits (overlapping clusters, small ones dropped, critics averaged at
            refits) are not followed.

Symbols: num_clusters = K, penalty_weight = lambda, trace_weight = beta.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import torch
from jaxtyping import Float, Int
from pydantic import Field, field_validator
from torch import Tensor

from stages.algorithms import ALGORITHMS
from stages.algorithms.contract import OfflineAlgorithm
from stages.algorithms.cql import Cql
from stages.algorithms.cross_covariance import covariance
from stages.algorithms.cross_covariance.cluster_draws import ClusterDraws
from stages.algorithms.cross_covariance.gradient_pairs import Gradients, gradient_pairs, stacked
from stages.algorithms.cross_covariance.mixture import Mixture, Projection, spread_labels
from stages.algorithms.iql import Iql
from stages.algorithms.requirements import require_following, require_rows_for_clusters
from stages.algorithms.td3_bc import Td3Bc
from stages.algorithms.twin_critics import TwinCritics, pairs_of
from stages.datasets.transitions import next_row
from stages.settings import Settings
from stages.training.device import chunk_rows
from stages.training.draws import Draws
from stages.training.job import Job
from stages.training.learner import Losses, Update
from stages.training.rows import Batch, Rows

HOSTS = {"td3_bc": Td3Bc, "cql": Cql, "iql": Iql}  # imported, so that a change of theirs is a change of this
LONGEST_CHUNK = 256


class C4Settings(Settings):
    """C4."""

    host: dict[str, Any] = Field(
        {"method": "td3_bc"}, description="method to plug into (td3_bc, cql, iql), its settings"
    )
    num_clusters: int = Field(5, ge=1, description="clusters K of gradient pairs")
    penalty_weight: float = Field(0.1, ge=0, description="lambda: weight of the penalty in each critic's loss")
    trace_weight: float = Field(1.0, ge=0, description="beta: weight of the squared trace within the penalty")
    gradients: Gradients = Field("features", description="of what: features (last hidden layer) or inputs")
    variant: Literal["covariance", "dot_product"] = Field("covariance", description="penalty as published or released")
    refit_every: int = Field(1000, ge=1, description="steps between fits of the clusters; 10,000 for a million rows")
    fit_rows: int = Field(4096, ge=2, description="rows that clusters are fitted to at most; all rows get labels")
    fit_iterations: int = Field(10, ge=1, description="rounds of expectation maximisation per fit")
    dimensions: int = Field(32, ge=1, description="dimensions that gradient pairs are projected to at most")

    @field_validator("host")
    @classmethod
    def _is_a_host(cls, values: dict[str, Any]) -> dict[str, Any]:
        if values.get("method") not in HOSTS:
            raise ValueError(f"host.method: {values.get('method')!r} is none of {', '.join(HOSTS)}")
        return ALGORITHMS.choose(values).values

    @property
    def num_steps(self) -> int:
        """The host's."""
        return int(self.host["num_steps"])


@ALGORITHMS.register("c4", C4Settings)
class C4(OfflineAlgorithm):
    """Learner of the host's policy, with the host's networks."""

    settings: C4Settings

    def __init__(self, job: Job, settings: C4Settings) -> None:
        super().__init__(job, settings)
        choice = ALGORITHMS.choose(settings.host)
        self.host = HOSTS[choice.method](job, choice.settings)
        require_rows_for_clusters(job.dataset, settings.num_clusters, choice.settings.batch_size)
        self.batch_size, self.noise = choice.settings.batch_size, self.host.noise
        self.policy, self.squashed, self.head = self.host.policy, self.host.squashed, self.host.head
        self.actor, self.critics = self.host.actor, self.host.critics
        self.rows = self._with_next_actions(self.host.rows)
        self.critics.penalty = self.penalty
        self.sample = self._rows_to_fit()
        self.labels = torch.zeros(len(job.seeds), len(self.rows), dtype=torch.int64, device=job.device)
        self._start()
        self.updates = [*self.host.updates, Update(self.refit, every=settings.refit_every, eager=True)]

    def _with_next_actions(self, rows: Rows) -> Rows:
        """The host's columns, ``next_actions``, and ``paired``: 1 where an action follows, 0 at ends of episodes."""
        columns = {name: values[0, 0] for name, values in rows.chunk(0, len(rows)).items()}
        following, has_next = next_row(self.job.dataset)
        columns["next_actions"] = self.job.actions[following].to(rows.device)
        columns["paired"] = torch.from_numpy(has_next).to(rows.device)
        return Rows(columns, self.job.device)

    def _rows_to_fit(self) -> Int[Tensor, "rows"]:
        """Rows spread evenly over those after which an action follows."""
        paired = np.flatnonzero(next_row(self.job.dataset)[1])
        require_following(paired)
        return torch.from_numpy(paired[:: -(-len(paired) // self.settings.fit_rows)]).to(self.job.device)

    def draws(self) -> Draws:
        """Batches of one cluster each, in chunks that end where clusters are fitted."""
        period = self.settings.refit_every
        chunk = max(steps for steps in range(1, min(period, LONGEST_CHUNK) + 1) if period % steps == 0)
        return ClusterDraws(self.job.seeds, self.labels, self.batch_size, chunk, self.noise)

    def penalty(self, critics: TwinCritics, batch: Batch) -> Float[Tensor, "seeds"]:
        """What is added to the critics' loss."""
        target, online = gradient_pairs(critics, batch, self.settings.gradients)
        weights = batch["paired"][..., 0]
        if self.settings.variant == "dot_product":
            product = (target * online).sum(-1) * weights
            each = product.sum(2) / weights.sum(2).clamp(min=1)
        else:
            each = covariance.penalty(target, online, weights, self.settings.trace_weight)
        return self.settings.penalty_weight * each.sum(1)

    def _start(self) -> None:
        """First clusters: of observations and actions, from rows far apart."""
        seeds = self.job.seeds
        pairs = pairs_of(self.rows.chunk(0, len(self.rows)))[0].expand(len(seeds), -1, -1)
        projection = Projection.of(pairs[:, self.sample], self.settings.dimensions)
        values = projection(pairs[:, self.sample])
        mixture = self._fit(values, spread_labels(values, seeds, self.settings.num_clusters))
        self.labels.copy_(mixture.labels(projection(pairs)))

    def refit(self, batch: Batch) -> Losses:
        """Fit the clusters to the gradients as they are now, from those there are; what the covariance is made of."""
        sampled = self.rows.gather(self.sample.expand(len(self.job.seeds), -1))
        values = stacked(self.critics, sampled, self.settings.gradients)
        projection = Projection.of(values, self.settings.dimensions)
        mixture = self._fit(projection(values), self.labels[:, self.sample])
        size = chunk_rows(self.job.device, self.critics.ensemble.num_networks)
        for start in range(0, len(self.rows), size):
            index = torch.arange(start, min(start + size, len(self.rows)), device=self.job.device)
            rows = self.rows.gather(index.expand(len(self.job.seeds), -1))
            target, online = stacked(self.critics, rows, self.settings.gradients).chunk(2, dim=-1)
            target = torch.where(rows["paired"][:, 0] > 0, target, projection.mean.chunk(2, dim=-1)[0])
            self.labels[:, index] = mixture.labels(projection(torch.cat([target, online], dim=-1)))
        return self.diagnosis(sampled)

    def _fit(self, values: Tensor, labels: Tensor) -> Mixture:
        return Mixture.fit(values, labels, self.settings.num_clusters, self.settings.fit_iterations)

    def diagnosis(self, batch: Batch) -> Losses:
        """Squared norms and traces of the cross-covariance, within and between clusters, averaged over the critics.

        Terms A, B and C of the paper's Theorem 1 are those of displacements of the same size everywhere, alike on both
        sides: ``gamma^2 tr Sigma'``, ``tr Sigma`` and ``- 2 gamma tr C``.
        """
        with torch.no_grad():
            target, online = (side.detach() for side in gradient_pairs(self.critics, batch, self.settings.gradients))
            weights = batch["paired"][..., 0]
            groups = torch.nn.functional.one_hot(self.labels[:, self.sample], self.settings.num_clusters).float()
            parts = covariance.within_and_between(target, online, groups[:, None] * weights[..., None])
            discount = float(self.host.settings.discount)
            trace = covariance.squared_norm_and_trace(target, online, weights)[1]
            found = {
                "term A": discount**2 * covariance.variance(target, weights),
                "term B": covariance.variance(online, weights),
                "term C": -2 * discount * trace,
                "floor": covariance.floor(target, online, weights),
            }
            for name, part in zip(("within", "between"), parts, strict=True):
                found[f"norm {name}"] = part.square().sum((-2, -1))
                found[f"trace {name}"] = part.diagonal(dim1=-2, dim2=-1).sum(-1)
            sizes = torch.stack([(self.labels == z).float().mean(1) for z in range(self.settings.num_clusters)])
            shares = {"smallest cluster": sizes.amin(0), "largest cluster": sizes.amax(0)}
            return {name: value.mean(1) for name, value in found.items()} | shares

    def tensors(self) -> dict[str, Tensor]:
        return self.host.tensors() | {"labels": self.labels}

"""Values of the clusters' own policies: Q by SARSA, V by regression on returns (EMPO, Section 3.2).

One network each, with one output per cluster; a row trains the output of the cluster its episode was assigned to.

Objectives: ``[Q_z(s, a) - (r + gamma Qbar_z(s', a'))]^2`` (Eq. 11), ``[V_z(s) - R(s)]^2`` (Eq. 12), z = A(s, a);
            ``Qbar <- (1 - tau_Q) Qbar + tau_Q Q`` every n_Q steps (Eq. 13); R(s) is the discounted return (Eq. 10).
Source:     Park, Cho, Sung: EMPO, ARLET 2024, Algorithm 2 lines 1-14, Table 4.

Deviations: values are learnt in units of the standard deviation of the returns R(s), so that one learning rate suits
            all tasks. An episode cut by truncation has no next action: its last rows are left out of Eq. 11. `n_step`
            rewards may be summed before bootstrapping (the paper: 1): actions and policy are the cluster's own, so the
            target stays unbiased, and a return of 700 steps is carried back in n times fewer updates. Returns that a
            truncation cut are taken as they are (Eq. 10), or go on with ``V`` of what followed (`continue_truncated`).

Symbols: discount = gamma, q_steps = N_Q, value_epochs = N_V, target_every = n_Q, target_update_rate = tau_Q.
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from stages.artifacts import Artifact, prefixed
from stages.datasets.transitions import n_step, next_row, returns_to_go, to_the_end, unit_of
from stages.empo.critic_settings import CriticSettings
from stages.errors import UserError
from stages.networks.ensemble import Ensemble
from stages.seeding import generators
from stages.training.draws import EpochDraws, UniformDraws
from stages.training.episode_table import EpisodeTable
from stages.training.job import Job
from stages.training.learner import Learner, Losses, Update
from stages.training.rows import Batch, Rows
from stages.training.trainable import Trainable


class SarsaQ(Learner):
    """Learner of Q: Eqs. 11 and 13."""

    def __init__(self, job: Job, assignment: EpisodeTable, settings: CriticSettings, scale: float) -> None:
        dataset, self.assignment = job.dataset, assignment
        steps = n_step(dataset, settings.n_step, settings.discount)
        beyond, has_next = next_row(dataset)
        following = torch.from_numpy(beyond[steps.last_row])
        usable = torch.from_numpy(has_next[steps.last_row] | (steps.discounts == 0)).nonzero().squeeze(1)
        if not len(usable):
            cause = (
                f"episodes of at most {dataset.episode_lengths.max()} steps, all cut by truncation, tell nothing of Q"
            )
            raise UserError(cause, place="n_step", remedy="Lower it below their length, or mark ends that are terminal")
        pairs = torch.cat([job.observations, job.actions], dim=1)
        columns = {
            "pairs": pairs,
            "rewards": torch.from_numpy(steps.rewards / scale),
            "discounts": torch.from_numpy(steps.discounts),
            "next_pairs": pairs[following],
            "episode": torch.from_numpy(dataset.episode_of_step),
        }
        self.rows = Rows({name: column[usable] for name, column in columns.items()}, job.device)
        inputs = dataset.observations.shape[1] + dataset.actions.shape[1]
        ensemble = Ensemble((inputs, *settings.hidden_sizes, assignment.width), len(job.seeds))
        self.q = Trainable(ensemble, generators(job.seeds, "q"), settings.learning_rate, job.device, target=True)
        self.target_update_rate = settings.target_update_rate
        self.updates = [Update(self.fit), Update(self.move_target, every=settings.target_every)]

    def fit(self, batch: Batch) -> Losses:
        """One step on Eq. 11."""
        assigned = self.assignment.rows_of(batch)
        following = self.q.target(batch["next_pairs"])
        target = batch["rewards"] + batch["discounts"] * (following * assigned).sum(-1, keepdim=True)
        return {"q": self.q.regress(batch["pairs"], target, assigned)}

    def move_target(self, batch: Batch) -> Losses:
        """Eq. 13."""
        self.q.move_target(self.target_update_rate)
        return {}

    def tensors(self) -> dict[str, Tensor]:
        return self.q.tensors()


class ReturnV(Learner):
    """Learner of V: Eq. 12."""

    def __init__(self, job: Job, assignment: EpisodeTable, settings: CriticSettings, returns: np.ndarray) -> None:
        self.assignment, self.continue_truncated = assignment, settings.continue_truncated
        episode = torch.from_numpy(job.dataset.episode_of_step)
        columns = {"observations": job.observations, "returns": torch.from_numpy(returns), "episode": episode}
        if self.continue_truncated:
            rest = to_the_end(job.dataset, settings.discount)
            columns["discounts"] = torch.from_numpy(rest.discounts)
            columns["beyond"] = job.next_observations[torch.from_numpy(rest.last_row)]
        self.rows = Rows(columns, job.device)
        ensemble = Ensemble((job.observations.shape[1], *settings.hidden_sizes, assignment.width), len(job.seeds))
        self.v = Trainable(ensemble, generators(job.seeds, "v"), settings.learning_rate, job.device)
        self.updates = [Update(self.fit)]

    def fit(self, batch: Batch) -> Losses:
        """One step on Eq. 12."""
        assigned = self.assignment.rows_of(batch)
        target = batch["returns"]
        if self.continue_truncated:
            with torch.no_grad():
                beyond = (self.v(batch["beyond"]) * assigned).sum(-1, keepdim=True)
            target = target + batch["discounts"] * beyond
        return {"v": self.v.regress(batch["observations"], target, assigned)}

    def tensors(self) -> dict[str, Tensor]:
        return self.v.tensors()


def train_critics(
    job: Job, labels: Int[np.ndarray, "seeds episodes"], num_clusters: int, settings: CriticSettings
) -> Artifact:
    """Train Q and V of all clusters; their networks, unit of values and losses as a file's contents."""
    assignment = EpisodeTable.one_hot(torch.from_numpy(labels), num_clusters, job.device)
    returns = returns_to_go(job.dataset, settings.discount)
    scale = unit_of(returns)
    q = SarsaQ(job, assignment, settings, scale)
    q_draws = UniformDraws(job.seeds, len(q.rows), settings.batch_size)
    q_metrics = job.train("SARSA Q", q, q.rows, q_draws, settings.q_steps)
    v = ReturnV(job, assignment, settings, returns / scale)
    v_draws = EpochDraws(job.seeds, len(v.rows), settings.batch_size)
    v_metrics = job.train("value V", v, v.rows, v_draws, settings.value_epochs * v_draws.steps_per_epoch)
    tensors = {
        "q/parameters": q.q.parameters,
        "v/parameters": v.v.parameters,
        "scale": torch.tensor(scale),
        **prefixed("metrics", q_metrics.tensors() | v_metrics.tensors()),
    }
    sizes = {"q_sizes": q.q.ensemble.sizes, "v_sizes": v.v.ensemble.sizes}
    return Artifact(tensors, {"kind": "critics", "settings": settings.model_dump(mode="json"), **sizes})

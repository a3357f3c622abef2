"""The high-level policy: which cluster to follow at a state, by implicit Q-learning over clusters (EMPO, Section 3.3).

Objectives: ``[Q_H(s, z) - (r + gamma V_H(s'))]^2`` and ``L2^tau(Qbar_H(s, z) - V_H(s))`` with z = A(s, a) and n-step
            returns; ``Qbar_H <- Q_H`` every n_H steps.
Policy:     ``argmax_{z in ID(s)} Q_H(s, z)``, ``ID(s) = {z : q(z | s) >= max_z' q(z' | s) / b}``; see
            `stages.agents.stitched`, where b is applied.
Source:     Park, Cho, Sung: EMPO, ARLET 2024, Section 3.3, Table 4; Kostrikov et al., ICLR 2022.

Deviations: values are learnt in units of the standard deviation of the discounted returns, so that one learning rate
            suits all tasks (docs/decisions/0004).

Symbols: discount = gamma, num_steps = N_H, target_every = n_H, expectile = tau, in_distribution_ratio = b.
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from stages.artifacts import Artifact, prefixed
from stages.datasets.transitions import n_step, returns_to_go, unit_of
from stages.empo.critic_settings import CriticSettings
from stages.empo.high_level_settings import HighLevelSettings, HomeSettings
from stages.empo.home_cluster import train_home
from stages.networks.ensemble import Ensemble
from stages.seeding import generators
from stages.training.draws import UniformDraws
from stages.training.episode_table import EpisodeTable
from stages.training.expectile import expectile_loss
from stages.training.job import Job
from stages.training.learner import Learner, Losses, Update, state_of
from stages.training.rows import Batch, Rows
from stages.training.trainable import Trainable


class HighLevel(Learner):
    """Learner of Q_H and V_H; both are updated at every step."""

    def __init__(self, job: Job, assignment: EpisodeTable, settings: HighLevelSettings, scale: float) -> None:
        dataset, self.assignment, self.expectile = job.dataset, assignment, settings.expectile
        steps = n_step(dataset, settings.n_step, settings.discount)
        columns = {
            "observations": job.observations,
            "rewards": torch.from_numpy(steps.rewards / scale),
            "discounts": torch.from_numpy(steps.discounts),
            "next_observations": job.next_observations[torch.from_numpy(steps.last_row)],
            "episode": torch.from_numpy(dataset.episode_of_step),
        }
        self.rows = Rows(columns, job.device)
        sizes = (dataset.observations.shape[1], *settings.hidden_sizes)
        rate, seeds = settings.learning_rate, job.seeds
        q = Ensemble((*sizes, assignment.width), len(seeds))
        self.q = Trainable(q, generators(seeds, "high-level q"), rate, job.device, target=True)
        self.v = Trainable(Ensemble((*sizes, 1), len(seeds)), generators(seeds, "high-level v"), rate, job.device)
        self.updates = [Update(self.fit), Update(self.copy_target, every=settings.target_every)]

    def fit(self, batch: Batch) -> Losses:
        """One step on both objectives."""
        assigned = self.assignment.rows_of(batch)
        with torch.no_grad():
            target = batch["rewards"] + batch["discounts"] * self.v(batch["next_observations"])
            followed = (self.q.target(batch["observations"]) * assigned).sum(-1, keepdim=True)

        def expectile(values: Tensor) -> Tensor:
            return expectile_loss(followed - values, self.expectile).mean((1, 2, 3))

        return {
            "high-level q": self.q.regress(batch["observations"], target, assigned),
            "high-level v": self.v.descend(batch["observations"], expectile),
        }

    def copy_target(self, batch: Batch) -> Losses:
        """``Qbar_H <- Q_H``."""
        self.q.move_target(1.0)
        return {}

    def tensors(self) -> dict[str, Tensor]:
        return state_of(q=self.q, v=self.v)


def train_high_level(
    job: Job, labels: Int[np.ndarray, "seeds episodes"], num_clusters: int, settings: HighLevelSettings
) -> Artifact:
    """Train Q_H and V_H; their networks, unit of values and losses as a file's contents.

    With `home`, what `train_home` makes instead.
    """
    if settings.home is not None:
        return train_home(job, labels, num_clusters, settings.home, _value_settings(settings, settings.home))
    scale = unit_of(returns_to_go(job.dataset, settings.discount))
    learner = HighLevel(job, EpisodeTable.one_hot(torch.from_numpy(labels), num_clusters, job.device), settings, scale)
    draws = UniformDraws(job.seeds, len(learner.rows), settings.batch_size)
    metrics = job.train("high-level IQL", learner, learner.rows, draws, settings.num_steps)
    tensors = {
        "q/parameters": learner.q.parameters,
        "v/parameters": learner.v.parameters,
        "scale": torch.tensor(scale),
        **prefixed("metrics", metrics.tensors()),
    }
    sizes = {"q_sizes": learner.q.ensemble.sizes, "v_sizes": learner.v.ensemble.sizes}
    return Artifact(tensors, {"kind": "high_level", **sizes})


def _value_settings(settings: HighLevelSettings, home: HomeSettings) -> CriticSettings:
    return CriticSettings(
        discount=settings.discount,
        value_epochs=home.value_epochs,
        hidden_sizes=settings.hidden_sizes,
        batch_size=settings.batch_size,
        learning_rate=settings.learning_rate,
    )

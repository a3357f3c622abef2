"""Improvement that knows when to keep its hands off: of what held-out episodes don't confirm, nothing is changed.

Critics fitted to few episodes find advantages that are none, and PPO follows them. So every fold of the episodes is
left out once: critics are trained on the others and the policies improved by them, and then the episodes left out are
asked, by what was received in them, whether the actions that became likelier were the better ones:

Objective: PPO's; accepted if the mean over episodes left out is above 0 of

    gain(tau) = mean_t [min(rho_t A_t, clip(rho_t, 1 - eps, 1 + eps) A_t) - A_t],
    rho_t = pi(a_t | s_t, z) / beta(a_t | s_t, z),  A_t = R(s_t) - V_z(s_t),  z the cluster of tau,

with the actions on record, so that no critic is asked about actions that nobody has tried; V_z is of the other folds
and A shifted and scaled to mean 0 and deviation 1. Given pi, episodes are independent: the improvement of a cluster,
made with all episodes, is accepted if the mean gain of its episodes is above 0 by a one-sided t test, and otherwise
the cluster keeps its policy.

Source:    the surrogate is PPO's (Schulman et al., 2017), that of held-out episodes the project's own.
Limit:     what is judged is the way of improving, not the very policy that is accepted; and beta was fitted to all
           episodes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float
from pydantic import Field
from scipy.special import stdtrit
from torch import Tensor

from stages.datasets.transitions import returns_to_go
from stages.empo import IMPROVEMENT
from stages.empo.clipped_surrogate import clipped_surrogate
from stages.empo.cluster_rows import ClusterRows
from stages.empo.critic_settings import CriticSettings
from stages.empo.critics import train_critics
from stages.empo.improvement import Critics, ImprovementMethod
from stages.empo.ppo import Ppo, PpoSettings
from stages.errors import UserError
from stages.networks import gaussian
from stages.seeding import generators
from stages.settings import Settings
from stages.training.job import Job
from stages.training.metrics import Metrics
from stages.training.trainable import Trainable

FEWEST = 2  # episodes of which a deviation can be estimated


class ConfirmedSettings(Settings):
    """PPO, accepted by cluster."""

    ppo: PpoSettings = Field(PpoSettings(), description="how policies are improved")
    folds: int = Field(2, ge=2, description="parts of the episodes, each judged by critics of the others")
    confidence: float = Field(0.95, gt=0.5, lt=1, description="of the one-sided test that an improvement has to pass")

    @property
    def learning_rate(self) -> float:
        """PPO's."""
        return self.ppo.learning_rate


@dataclass(frozen=True)
class Verdict:
    """What held-out episodes say about each cluster's improvement; the gain is NaN where there are too few of them."""

    gain: Float[np.ndarray, "seeds clusters"]
    standard_error: Float[np.ndarray, "seeds clusters"]
    confirmed: Bool[np.ndarray, "seeds clusters"]

    @classmethod
    def of(cls, gains: Float[np.ndarray, "seeds clusters episodes"], confidence: float) -> Verdict:
        """From the gain of every episode, NaN for those of other clusters."""
        counted = np.isfinite(gains)
        number = counted.sum(-1)
        enough = number >= FEWEST
        shares = counted / np.maximum(number, 1)[..., None]
        mean = (np.where(counted, gains, 0) * shares).sum(-1)
        squares = (np.where(counted, gains - mean[..., None], 0) ** 2).sum(-1)
        error = np.sqrt(squares / np.maximum(number - 1, 1) / np.maximum(number, 1))
        bound = mean - stdtrit(np.maximum(number - 1, 1), confidence) * error
        return cls(np.where(enough, mean, np.nan), np.where(enough, error, np.nan), enough & (bound > 0))


@IMPROVEMENT.register("confirmed", ConfirmedSettings)
class Confirmed(ImprovementMethod):
    """PPO for all clusters of a block of seeds, undone where held-out episodes don't confirm it."""

    settings: ConfirmedSettings

    def run(self) -> Metrics:
        before = self.policies.parameters.detach().clone()
        verdict = Verdict.of(self.held_out_gains(before), self.settings.confidence)
        metrics = Ppo(self.job, self.policies, self.critics, self.rows, self.settings.ppo, self.head).run()
        refused = torch.from_numpy(~verdict.confirmed).flatten().to(before.device)
        views = self.policies.ensemble.views
        for now, then in zip(views(self.policies.parameters.detach()), views(before), strict=True):
            now[refused] = then[refused]
        self.details = {name: torch.from_numpy(getattr(verdict, name)) for name in ("gain", "standard_error")}
        self.details["confirmed"] = torch.from_numpy(verdict.confirmed).to(torch.uint8)
        return metrics

    def held_out_gains(self, before: Float[Tensor, "policies"]) -> Float[np.ndarray, "seeds clusters episodes"]:
        """The gain of every episode while it is left out; NaN for those of other clusters."""
        dataset = self.job.dataset
        gains = np.full((len(self.job.seeds), self.rows.num_clusters, dataset.num_episodes), np.nan)
        fold = np.arange(dataset.num_episodes) % self.settings.folds
        for number in range(min(self.settings.folds, dataset.num_episodes)):
            used, left_out = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
            if len(used):
                gains[..., left_out] = self._gains_of(used, left_out, before)
        return gains

    def _gains_of(
        self, used: np.ndarray, left_out: np.ndarray, before: Float[Tensor, "policies"]
    ) -> Float[np.ndarray, "seeds clusters episodes"]:
        job = self.job.part(used)
        settings = self._critic_settings()
        critics = Critics.of(
            train_critics(job, self._labels(used), self.rows.num_clusters, settings), len(job.seeds), job.device
        )
        improved = Trainable(
            self.policies.ensemble, generators(job.seeds, "policies"), self.settings.learning_rate, job.device
        )
        improved.load(before)
        Ppo(job, improved, critics, self._rows_of(job, used), self.settings.ppo, self.head).run()
        held = self.job.part(left_out)
        rows = self._rows_of(held, left_out)
        log_ratio, values = self._compared(held, rows, improved.parameters.detach(), before, critics)
        returns = torch.from_numpy(returns_to_go(held.dataset, settings.discount)).to(held.device)
        advantages = rows.standardised(returns.float()[rows.index] / critics.scale - values)
        gains = clipped_surrogate(log_ratio, advantages, self.settings.ppo.clip_range).objective - advantages
        return by_episode(held, rows, gains)

    @torch.no_grad()
    def _compared(
        self, job: Job, rows: ClusterRows, after: Tensor, before: Tensor, critics: Critics
    ) -> tuple[Float[Tensor, "seeds clusters rows"], Float[Tensor, "seeds clusters rows"]]:
        """Logarithms of the ratio of `after` to `before` at the actions on record, and V_z."""
        ratios, values = [], []
        actions = job.actions.to(job.device)
        for chunk in rows.chunks(self.chunk_rows):
            taken = actions[rows.pick(rows.index, chunk.positions)]
            outputs = (self.distribution(parameters, chunk.observations) for parameters in (after, before))
            now, then = (gaussian.log_prob(output, taken) for output in outputs)
            ratios.append(now - then)
            values.append(critics.value(chunk.observations))
        return torch.cat(ratios, dim=2), torch.cat(values, dim=2)

    def _rows_of(self, job: Job, episodes: np.ndarray) -> ClusterRows:
        labels = torch.from_numpy(self._labels(episodes)[:, job.dataset.episode_of_step])
        return ClusterRows(labels, self.rows.num_clusters, job.observations.to(job.device))

    def _labels(self, episodes: np.ndarray) -> np.ndarray:
        """The clusters of episodes, by seed."""
        return self.rows.labels[:, self.job.dataset.episode_starts[episodes]].numpy()

    def _critic_settings(self) -> CriticSettings:
        if self.critics.settings is None:
            raise UserError(
                "the critics don't say how they were trained, so none can be trained on parts of the episodes",
                place="critics",
                remedy="Make them with stages.train_critics",
            )
        return CriticSettings(**self.critics.settings)


def by_episode(
    job: Job, rows: ClusterRows, values: Float[Tensor, "seeds clusters rows"]
) -> Float[np.ndarray, "seeds clusters episodes"]:
    """Means over the rows of each episode; NaN for those of other clusters."""
    episode = torch.from_numpy(job.dataset.episode_of_step).to(rows.index.device)[rows.index]
    counted = (rows.weights > 0).double()
    empty = counted.new_zeros(*counted.shape[:2], job.dataset.num_episodes)
    total, number = (empty.scatter_add(2, episode, part) for part in (values.double() * counted, counted))
    return (total / number).cpu().numpy()

"""What each cluster still earns and still costs from a state on: values of following one cluster to the end.

Objectives: reward value  ``[Q_r(s, t, z) - sum_{i >= t} r_i]^2``,  z = cluster of the episode,
            cost value    ``L2^tau(sum_{i >= t} c_i - Q_c(s, t, z))`` with the expectile loss L2^tau.

Both are regressions on what the cluster's own episodes went on to earn and to cost, undiscounted, as limits are. t is
the share of the horizon that has passed, where time is an input. Alternatively the reward value is that of EMPO's
high-level policy, implicit Q-learning over clusters: the value of following z now and the best cluster from then on,

            ``[Q_r(s, t, z) - (r + gamma V(s', t'))]^2``,  ``L2^tau_r(Qbar_r(s, t, z) - V(s, t))``.

Source:  Park, Cho, Sung: EMPO, ARLET 2024, Section 3.3 (the alternative); the regressions are ours.
Symbols: cost_expectile = tau, expectile = tau_r, discount = gamma.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float, Int
from pydantic import Field
from torch import Tensor

from stages.artifacts import prefixed
from stages.datasets.transitions import n_step, returns_to_go
from stages.networks.ensemble import Ensemble
from stages.networks.normaliser import Normaliser
from stages.safety.contract import SafeSettings
from stages.safety.limits.cost_transitions import SMALLEST_SCALE, horizon
from stages.seeding import generators
from stages.settings import Widths
from stages.training.episode_table import EpisodeTable
from stages.training.expectile import expectile_loss
from stages.training.job import Job
from stages.training.learner import Learner, Losses, Update
from stages.training.rows import Batch, Rows
from stages.training.trainable import Trainable


class ClusterValueSettings(SafeSettings):
    """Values of clusters and how they are learnt."""

    num_steps: int = Field(5000, ge=0, description="gradient steps")
    hidden_sizes: Widths = Field((64, 64), description="hidden layer widths of the values")
    batch_size: int = Field(512, ge=1, description="rows per gradient step")
    learning_rate: float = Field(1.0e-3, gt=0, description="Adam step size")
    reward_values: Literal["cluster", "stitched"] = Field(
        "cluster", description="what a reward value assumes: the cluster followed to the end, or the best from then on"
    )
    knows_time: bool = Field(True, description="whether values depend on the share of the horizon that has passed")
    cost_expectile: float = Field(0.5, gt=0, lt=1, description="tau of the cost values: above 0.5 is cautious")
    discount: float = Field(0.999, ge=0, le=1, description="stitched: discount factor gamma")
    n_step: int = Field(3, ge=1, description="stitched: rewards summed before bootstrapping")
    expectile: float = Field(0.9, gt=0, lt=1, description="stitched: expectile tau_r of the state value")
    target_update_rate: float = Field(0.005, gt=0, le=1, description="stitched: step of the target network")


@dataclass(frozen=True)
class ValueUnits:
    """What values are divided by while learnt, and the steps of the longest possible episode."""

    reward: float
    cost: float
    horizon: int


def time_passed(steps: Int[Tensor, "*any"], horizon: int) -> Float[Tensor, "*any 1"]:
    """Network input of the steps made so far: from -1 at the start to 1 at the horizon."""
    return (2 * steps / horizon - 1).float().unsqueeze(-1)


class ClusterValues(Learner):
    """Learner of the values of all clusters, reward first, for a block of seeds.

    Args:
        job: Dataset and seeds.
        normaliser: Scaling of observations, that of the clusters.
        labels: Cluster of each episode.
        num_clusters: Largest number of clusters of a seed.
        settings: How to learn.
    """

    def __init__(
        self,
        job: Job,
        normaliser: Normaliser,
        labels: Int[Tensor, "seeds episodes"],
        num_clusters: int,
        settings: ClusterValueSettings,
    ) -> None:
        self.settings, seeds = settings, job.seeds
        self.units, columns = _targets(job, normaliser, settings)
        self.rows = Rows(columns, job.device)
        self.assignment = EpisodeTable.one_hot(labels, num_clusters, job.device)
        sizes, rate = (self.rows.widths["states"], *settings.hidden_sizes), settings.learning_rate
        values = Ensemble((*sizes, num_clusters), len(seeds), 2)
        stitched = settings.reward_values == "stitched"
        self.values = Trainable(values, generators(seeds, "cluster values"), rate, job.device, target=stitched)
        self.updates = [Update(self.fit)]
        if stitched:
            best = Ensemble((*sizes, 1), len(seeds))
            self.best = Trainable(best, generators(seeds, "best cluster's value"), rate, job.device)

    def fit(self, batch: Batch) -> Losses:
        """One step of all values."""
        assigned = self.assignment.rows_of(batch)
        rewards, costs = (self.values(batch["states"]) * assigned).sum(-1, keepdim=True).split(1, dim=1)
        losses = {}
        target = batch["rewards"]
        if self.settings.reward_values == "stitched":
            with torch.no_grad():
                target = target + batch["discounts"] * self.best(batch["next_states"])
                followed = (self.values.target(batch["states"])[:, :1] * assigned).sum(-1, keepdim=True)
            best_loss = expectile_loss(followed - self.best(batch["states"]), self.settings.expectile).mean((1, 2, 3))
            self.best.minimise(best_loss)
            losses["best"] = best_loss
        reward_loss = (rewards - target).square().mean((1, 2, 3))
        cost_loss = 2 * expectile_loss(batch["costs"] - costs, self.settings.cost_expectile).mean((1, 2, 3))
        self.values.minimise(reward_loss + cost_loss)
        if self.settings.reward_values == "stitched":
            self.values.move_target(self.settings.target_update_rate)
        return {"reward value": reward_loss, "cost value": cost_loss, **losses}

    def tensors(self) -> dict[str, Tensor]:
        best = prefixed("best", self.best.tensors()) if self.settings.reward_values == "stitched" else {}
        return prefixed("values", self.values.tensors()) | best


def _targets(job: Job, normaliser: Normaliser, settings: ClusterValueSettings) -> tuple[ValueUnits, dict[str, Tensor]]:
    """Inputs and targets of every row, and the units of the targets."""
    dataset, longest = job.dataset, horizon(job.dataset)
    observations = normaliser.observations(torch.from_numpy(dataset.observations))
    assert dataset.costs is not None
    place = torch.from_numpy(np.arange(dataset.num_steps) - dataset.episode_starts[dataset.episode_of_step])
    earned, cost = returns_to_go(dataset, 1.0), returns_to_go(replace(dataset, rewards=dataset.costs), 1.0)
    units = ValueUnits(_unit(earned), _unit(cost), longest)

    def states(seen: Tensor, steps: Tensor) -> Tensor:
        return torch.cat([seen, time_passed(steps, longest)], dim=1) if settings.knows_time else seen

    columns = {
        "states": states(observations, place),
        "rewards": torch.from_numpy(earned / units.reward),
        "costs": torch.from_numpy(cost / units.cost),
        "episode": torch.from_numpy(dataset.episode_of_step),
    }
    if settings.reward_values == "stitched":
        ahead = n_step(dataset, settings.n_step, settings.discount)
        last = torch.from_numpy(ahead.last_row)
        columns["rewards"] = torch.from_numpy(ahead.rewards / units.reward)
        columns["discounts"] = torch.from_numpy(ahead.discounts)
        following = normaliser.observations(torch.from_numpy(dataset.next_observations))
        columns["next_states"] = states(following[last], place[last] + 1)
    return units, columns


def _unit(values: Float[np.ndarray, "steps"]) -> float:
    return float(values.std()) if values.std() > SMALLEST_SCALE else 1.0

"""Transitions with rewards and costs, as the methods that learn values of both are trained on."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from stages.datasets.episodes import EpisodeDataset
from stages.datasets.requirements import require
from stages.datasets.transitions import returns_to_go
from stages.environments.dsrl import task_of
from stages.training.job import Job
from stages.training.rows import Rows

SMALLEST_SCALE = 1e-6


@dataclass(frozen=True)
class CostTransitions:
    """Rows for training, and the units they are in.

    Rewards and costs are divided by the standard deviation of the dataset's discounted sums of each, so that values are
    about 1 in every task. Rows that end by truncation bootstrap from their next observation.

    Attributes:
        rows: Columns `observations`, `actions`, `rewards`, `costs`, `discounts` (0 at terminations) and
            `next_observations`.
        reward_scale: What rewards were divided by.
        cost_scale: What costs were divided by.
        smallest_value: Smallest discounted sum of rewards from a row of the dataset on, in its new units.
        horizon: Steps of the longest possible episode.
    """

    rows: Rows
    reward_scale: float
    cost_scale: float
    smallest_value: float
    horizon: int

    @classmethod
    def of(cls, job: Job, discount: float) -> CostTransitions:
        """The transitions of the job's dataset.

        Raises:
            UserError: It has no costs.
        """
        dataset = job.dataset
        require(dataset, costs=True)
        returns = returns_to_go(dataset, discount)
        reward_scale = _scale(float(returns.std()))
        cost_scale = _scale(float(returns_to_go(replace(dataset, rewards=dataset.costs), discount).std()))
        columns = {
            "observations": job.observations,
            "actions": job.actions,
            "rewards": torch.from_numpy(dataset.rewards) / reward_scale,
            "costs": torch.from_numpy(dataset.costs) / cost_scale,
            "discounts": discount * (1 - torch.from_numpy(dataset.terminations).float()),
            "next_observations": job.next_observations,
        }
        smallest = float(returns.min()) / reward_scale
        return cls(Rows(columns, job.device), reward_scale, cost_scale, smallest, horizon(dataset))


def _scale(deviation: float) -> float:
    return deviation if deviation > SMALLEST_SCALE else 1.0


def horizon(dataset: EpisodeDataset) -> int:
    """Steps after which the benchmark truncates episodes; elsewhere the length of the dataset's longest one."""
    task = task_of(dataset.environment)
    return int(dataset.episode_lengths.max()) if task is None else task.horizon


def discounted_limit(
    limit: Float[Tensor, "*any"], discount: float, steps: Float[Tensor, "*#any"]
) -> Float[Tensor, "*any"]:
    """What a critic may say where the costs of `steps` steps may sum to `limit`, were they spread evenly.

    ``l (1 - gamma^T) / ((1 - gamma) T)``; the conversion of OSRL (Liu et al. 2023) and CAPS.

    Args:
        limit: Undiscounted sum of costs, l.
        discount: gamma, below 1.
        steps: T, at least 1.
    """
    return limit * (1 - discount**steps) / ((1 - discount) * steps)

"""Transitions as methods with critics see them."""

from __future__ import annotations

import torch

from stages.datasets.transitions import returns_to_go
from stages.training.job import Job
from stages.training.rows import Rows


def transition_rows(job: Job, discount: float) -> Rows:
    """Columns ``observations, actions, rewards, discounts, next_observations`` of every step, all normalised.

    Rewards are divided by the standard deviation of the dataset's discounted returns, so that critics learn at one rate
    for all tasks. ``discounts`` is 0 at terminations; rows that end by truncation bootstrap from what comes next.
    """
    scale = max(float(returns_to_go(job.dataset, discount).std()), 1e-6)
    columns = {
        "observations": job.observations,
        "actions": job.actions,
        "rewards": torch.from_numpy(job.dataset.rewards) / scale,
        "discounts": discount * (1 - torch.from_numpy(job.dataset.terminations).float()),
        "next_observations": job.next_observations,
    }
    return Rows(columns, job.device)

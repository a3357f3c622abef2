"""Evaluating agents by their returns: all episodes of all seeds, and each cluster's policy alone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from pydantic import Field

from stages.agents.contract import Agent
from stages.environments.base import VectorEnvironment
from stages.evaluation.rollouts import PLANE, roll_out
from stages.seeding import Seeds
from stages.settings import Settings


class EvaluationSettings(Settings):
    """How agents are evaluated."""

    episodes: int = Field(10, ge=1, description="rollouts per seed")
    sample_actions: bool = Field(False, description="sample from Gaussian policies instead of taking their mean")
    in_distribution_ratio: float | None = Field(
        5.0, ge=1, description="b of ID(s): clusters at least 1/b as likely as the likeliest may be chosen; null: all"
    )
    drawn: int = Field(10, ge=0, description="rollouts per seed whose path is kept for pictures")
    cluster_returns: bool = Field(True, description="also run each cluster's policy alone")


def evaluate(
    make: Callable[[], VectorEnvironment], agent: Agent, seeds: Seeds, settings: EvaluationSettings
) -> dict[str, np.ndarray]:
    """Roll `agent` out, and each of its clusters' policies alone; everything that is kept, by name.

    Args:
        make: Makes the task.
        agent: Policies of `len(seeds)` seeds.
        seeds: Their seeds.
        settings: How to evaluate.

    Raises:
        UserError: The agent is of other seeds, or acts under cost limits only.
    """
    sample = make()
    drawn = min(settings.drawn, settings.episodes) if sample.observation_size == PLANE else 0
    sample.close()
    kept = roll_out(make, agent, seeds, settings.episodes, drawn=drawn, sample=settings.sample_actions)
    # One by one, as a cluster's returns would otherwise depend on how many clusters there are, by rounding.
    alone = [
        roll_out(make, agent, seeds, settings.episodes, cluster=cluster, sample=settings.sample_actions).returns[:, 0]
        for cluster in range(agent.num_clusters if settings.cluster_returns else 0)
    ]
    return {
        "seeds": np.array(seeds),
        "returns": kept.returns[:, 0],
        "costs": kept.costs[:, 0],
        "lengths": kept.lengths[:, 0],
        "terminated": kept.terminated[:, 0],
        "paths": kept.paths[:, 0],
        "choices": kept.choices[:, 0],
        "cluster_returns": np.stack(alone, axis=1) if alone else np.zeros((len(seeds), 0, 0)),
    }

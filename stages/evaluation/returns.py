"""Evaluating agents by their returns: all episodes of all seeds, and each cluster's policy alone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from stages.agents.contract import Agent
from stages.environments.base import VectorEnvironment
from stages.evaluation.rollouts import PLANE, roll_out
from stages.evaluation.settings import EvaluationSettings
from stages.seeding import Seeds


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

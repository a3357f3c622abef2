"""Evaluating agents under cost limits by DSRL's protocol: some episodes of every seed under every limit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields

import numpy as np

from stages.agents.contract import Agent
from stages.environments.base import VectorEnvironment
from stages.evaluation.padding import padded
from stages.evaluation.rollouts import PLANE, Rollouts, roll_out
from stages.evaluation.settings import SafeEvaluationSettings
from stages.seeding import Seeds


def evaluate_safely(
    make: Callable[[], VectorEnvironment],
    agent: Agent,
    seeds: Seeds,
    trained: Sequence[float],
    settings: SafeEvaluationSettings,
) -> dict[str, np.ndarray]:
    """Roll `agent` out; everything that is kept, by name.

    Limits run one after the other, instead of side by side, where the task has no memory for so many agents.

    Args:
        make: Makes the task.
        agent: Policies of `len(seeds)` seeds.
        seeds: Their seeds.
        trained: The limits that were trained for.
        settings: How to evaluate.

    Raises:
        UserError: The agent is of other seeds, or has no policy for one of the limits.
    """
    limits = tuple(trained) if settings.cost_limits is None else settings.cost_limits
    sample = make()
    drawn = min(settings.drawn, settings.episodes) if sample.observation_size == PLANE else 0
    crowded = sample.most_agents is not None and len(seeds) * len(limits) * settings.episodes > sample.most_agents
    sample.close()
    groups = [(limit,) for limit in limits] if crowded else [limits]
    kept = _joined([roll_out(make, agent, seeds, settings.episodes, group, drawn=drawn) for group in groups])
    return {
        "seeds": np.array(seeds),
        "limits": np.array(limits),
        "returns": kept.returns,
        "costs": kept.costs,
        "lengths": kept.lengths,
        "terminated": kept.terminated,
        "paths": kept.paths,
    }


def _joined(groups: list[Rollouts]) -> Rollouts:
    """Groups of limits as one; paths become as long as the longest."""
    values = {field.name: [getattr(group, field.name) for group in groups] for field in fields(Rollouts)}
    return Rollouts(**{name: np.concatenate(padded(parts, axis=1), axis=1) for name, parts in values.items()})

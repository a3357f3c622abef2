"""Running safe agents by DSRL's protocol: every seed under every cost limit for some episodes, all side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from pydantic import Field

from stages.environments.base import Step, VectorEnvironment
from stages.evaluation.padding import padded
from stages.safety.contract import CostLimit, SafeAgent
from stages.seeding import Seeds, generator
from stages.settings import Settings

PLANE = 2  # paths are kept where an observation is a position in the plane


class SafeEvaluationSettings(Settings):
    """How safe agents are evaluated."""

    episodes: int = Field(20, ge=1, description="rollouts per seed and cost limit")
    cost_limits: tuple[CostLimit, ...] | None = Field(
        None, min_length=1, description="limits to act under; null: those trained for"
    )
    drawn: int = Field(5, ge=0, description="rollouts per seed and limit whose path is kept for pictures")


@dataclass(frozen=True)
class SafeRollouts:
    """What happened in `episodes` rollouts of every seed and limit; paths are NaN after an episode's end."""

    returns: Float[np.ndarray, "seeds limits episodes"]
    costs: Float[np.ndarray, "seeds limits episodes"]
    lengths: Int[np.ndarray, "seeds limits episodes"]
    terminated: Bool[np.ndarray, "seeds limits episodes"]
    paths: Float[np.ndarray, "seeds limits drawn time coordinates"]


def roll_out_safely(
    make: Callable[[], VectorEnvironment],
    agent: SafeAgent,
    seeds: Seeds,
    limits: Sequence[float],
    episodes: int,
    drawn: int = 0,
) -> SafeRollouts:
    """Run every seed's policy under every limit; the starts depend on the seed alone, so all limits have the same.

    Args:
        make: Makes the task; every seed and limit acts in its own copy.
        agent: Policies of `len(seeds)` seeds.
        seeds: Seeds of the policies, which also key the starts.
        limits: Costs an episode may sum to.
        episodes: Rollouts per seed and limit.
        drawn: Rollouts per seed and limit whose first two observation coordinates are kept.
    """
    shape = len(seeds), len(limits), episodes
    environments = [make() for _ in seeds for _ in limits]
    starts = [generator(seed, "evaluation starts") for seed in seeds for _ in limits]
    reset = [own.reset(episodes, start) for own, start in zip(environments, starts, strict=True)]
    observations = np.concatenate(reset)
    places = np.unravel_index(np.arange(len(observations)), shape)
    agent.begin(torch.from_numpy(places[0]), torch.tensor(limits, dtype=torch.float32)[torch.from_numpy(places[1])])
    returns, costs = np.zeros((2, len(observations)))
    lengths = np.zeros(len(observations), dtype=np.int64)
    running, terminated = np.ones(len(observations), dtype=bool), np.zeros(len(observations), dtype=bool)
    paths: list[np.ndarray] = []
    for _ in range(environments[0].max_episode_steps):
        actions = agent.act(torch.from_numpy(observations).float())
        if drawn:
            seen = np.where(running[:, None], observations[:, :PLANE], np.nan)
            paths.append(seen.reshape(*shape, PLANE)[:, :, :drawn])
        step = _step(environments, actions.double().numpy())
        agent.observe(torch.from_numpy(step.rewards).float(), torch.from_numpy(step.costs).float())
        observations = step.observations
        returns += np.where(running, step.rewards, 0.0)
        costs += np.where(running, step.costs, 0.0)
        lengths += running
        terminated |= running & step.terminated
        running &= ~step.terminated
        if not running.any():
            break
    for environment in environments:
        environment.close()
    returns, costs, lengths, terminated = (v.reshape(shape) for v in (returns, costs, lengths, terminated))
    walked = np.stack(paths, axis=3) if paths else np.zeros((*shape[:2], 0, 0, PLANE))
    return SafeRollouts(returns, costs, lengths, terminated, walked)


def _step(environments: list[VectorEnvironment], actions: Float[np.ndarray, "agents action"]) -> Step:
    """One step of every environment's equal share of the agents; costs are 0 where the task has none."""
    shares = np.split(actions, len(environments))
    steps = [environment.step(own) for environment, own in zip(environments, shares, strict=True)]
    observations, rewards, terminated = (np.concatenate(values) for values in list(zip(*steps, strict=True))[:3])
    costs = [np.zeros_like(step.rewards) if step.costs is None else step.costs for step in steps]
    return Step(observations, rewards, terminated, np.concatenate(costs))


def evaluate_safely(
    make: Callable[[], VectorEnvironment],
    agent: SafeAgent,
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
    """
    limits = tuple(trained) if settings.cost_limits is None else settings.cost_limits
    sample = make()
    drawn = min(settings.drawn, settings.episodes) if sample.observation_size == PLANE else 0
    crowded = sample.most_agents is not None and len(seeds) * len(limits) * settings.episodes > sample.most_agents
    sample.close()
    groups = [(limit,) for limit in limits] if crowded else [limits]
    kept = _joined([roll_out_safely(make, agent, seeds, group, settings.episodes, drawn) for group in groups])
    return {
        "seeds": np.array(seeds),
        "limits": np.array(limits),
        "returns": kept.returns,
        "costs": kept.costs,
        "lengths": kept.lengths,
        "terminated": kept.terminated,
        "paths": kept.paths.astype(np.float32),
    }


def _joined(groups: list[SafeRollouts]) -> SafeRollouts:
    """Groups of limits as one; paths become as long as the longest."""
    values = {field.name: [getattr(group, field.name) for group in groups] for field in fields(SafeRollouts)}
    return SafeRollouts(**{name: np.concatenate(padded(parts, axis=1), axis=1) for name, parts in values.items()})

"""Running agents in their environment and keeping every return."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from pydantic import Field
from torch import Tensor

from stages.agents.agents import Agent
from stages.environments.base import Step, VectorEnvironment
from stages.seeding import Seeds, generator
from stages.settings import Settings

PLANE = 2  # paths are kept where an observation is a position in the plane


class EvaluationSettings(Settings):
    """How agents are evaluated."""

    episodes: int = Field(10, ge=1, description="rollouts per seed")
    sample_actions: bool = Field(False, description="sample from Gaussian policies instead of taking their mean")
    in_distribution_ratio: float | None = Field(
        5.0, ge=1, description="b of ID(s): clusters at least 1/b as likely as the likeliest may be chosen; null: all"
    )
    drawn: int = Field(10, ge=0, description="rollouts per seed whose path is kept for pictures")
    cluster_returns: bool = Field(True, description="also run each cluster's policy alone")


@dataclass(frozen=True)
class Rollouts:
    """What happened in `episodes` rollouts of every seed; paths are NaN and choices -1 after an episode's end."""

    returns: Float[np.ndarray, "seeds episodes"]
    costs: Float[np.ndarray, "seeds episodes"]
    lengths: Int[np.ndarray, "seeds episodes"]
    terminated: Bool[np.ndarray, "seeds episodes"]
    paths: Float[np.ndarray, "seeds drawn time coordinates"]
    choices: Int[np.ndarray, "seeds drawn time"]


def roll_out(
    make: Callable[[], VectorEnvironment],
    agent: Agent,
    seeds: Seeds,
    episodes: int,
    drawn: int = 0,
    sample: bool = False,
) -> Rollouts:
    """Run every seed's policy for `episodes` episodes, all side by side; starts depend on the seed alone.

    Args:
        make: Makes the task; every seed acts in its own copy.
        agent: Policies of `len(seeds)` seeds.
        seeds: Seeds of the policies, which also key the starts and the action noise.
        episodes: Rollouts per seed.
        drawn: Rollouts per seed whose first two observation coordinates are kept.
        sample: Whether Gaussian policies sample.
    """
    shape = len(seeds), episodes
    environments = [make() for _ in seeds]
    starts = [generator(seed, "evaluation starts") for seed in seeds]
    observations = np.stack([e.reset(episodes, start) for e, start in zip(environments, starts, strict=True)])
    noise_sources = [generator(seed, "evaluation noise") for seed in seeds]
    noise = torch.zeros(*shape, environments[0].action_size)
    returns, costs, lengths = np.zeros(shape), np.zeros(shape), np.zeros(shape, dtype=np.int64)
    running, terminated = np.ones(shape, dtype=bool), np.zeros(shape, dtype=bool)
    paths: list[np.ndarray] = []
    choices: list[np.ndarray] = []
    for _ in range(environments[0].max_episode_steps):
        seen = torch.from_numpy(observations).float()
        if sample:
            noise = torch.stack([_normal(source, noise.shape[1:]) for source in noise_sources])
        actions, chosen = agent.act(seen, noise)
        if drawn:
            paths.append(np.where(running[:, :drawn, None], seen[:, :drawn, :2].numpy(), np.nan))
            choices.append(np.where(running[:, :drawn], chosen[:, :drawn].numpy(), -1))
        step = _step(environments, actions.double().numpy())
        observations, ended = step.observations, step.terminated
        returns += np.where(running, step.rewards, 0.0)
        costs += np.where(running, step.costs, 0.0)
        lengths += running
        terminated |= running & ended
        running &= ~ended
        if not running.any():
            break
    for environment in environments:
        environment.close()
    walked, followed = _stacked(paths, shape[0], (0, PLANE)), _stacked(choices, shape[0], (0,)).astype(np.int8)
    return Rollouts(returns, costs, lengths, terminated, walked, followed)


def _normal(source: np.random.Generator, shape: tuple[int, ...]) -> Float[Tensor, "episodes action"]:
    return torch.from_numpy(source.standard_normal(shape, np.float32))


def _step(environments: list[VectorEnvironment], actions: Float[np.ndarray, "seeds episodes action"]) -> Step:
    """One step of every seed's environment, as one; costs are 0 where the task has none."""
    steps = [environment.step(own) for environment, own in zip(environments, actions, strict=True)]
    observations, rewards, terminated = (np.stack(values) for values in list(zip(*steps, strict=True))[:3])
    costs = [np.zeros_like(step.rewards) if step.costs is None else step.costs for step in steps]
    return Step(observations, rewards, terminated, np.stack(costs))


def _stacked(steps: list[np.ndarray], num_seeds: int, empty: tuple[int, ...]) -> np.ndarray:
    """Per-step arrays ``[seeds, drawn, ...]`` with time as third axis; an empty array where nothing was drawn."""
    return np.stack(steps, axis=2) if steps else np.zeros((num_seeds, 0, *empty))


def evaluate(
    make: Callable[[], VectorEnvironment], agent: Agent, seeds: Seeds, settings: EvaluationSettings
) -> dict[str, np.ndarray]:
    """Roll `agent` out, and each of its clusters' policies alone; everything that is kept, by name."""
    drawn = min(settings.drawn, settings.episodes) if make().observation_size == PLANE else 0
    kept = roll_out(make, agent, seeds, settings.episodes, drawn, settings.sample_actions)
    alone = [
        roll_out(make, agent.of_cluster(z), seeds, settings.episodes, 0, settings.sample_actions).returns
        for z in range(agent.num_clusters if settings.cluster_returns else 0)
    ]
    return {
        "seeds": np.array(seeds),
        "returns": kept.returns,
        "costs": kept.costs,
        "lengths": kept.lengths,
        "terminated": kept.terminated,
        "paths": kept.paths.astype(np.float32),
        "choices": kept.choices,
        "cluster_returns": np.stack(alone, axis=1) if alone else np.zeros((len(seeds), 0, 0)),
    }

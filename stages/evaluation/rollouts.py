"""Running agents in their environment: every seed, under every cost limit where there are any, all side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from stages.agents.contract import Agent, Conditions, require_observations
from stages.environments.base import Step, VectorEnvironment
from stages.errors import UserError
from stages.seeding import Seeds, generator

PLANE = 2  # paths are kept where an observation is a position in the plane


@dataclass(frozen=True)
class Rollouts:
    """What happened in `episodes` rollouts of every seed and limit; without limits that axis has one entry.

    Attributes:
        returns: Undiscounted sums of rewards.
        costs: Undiscounted sums of costs; 0 where the task has none.
        lengths: Steps of each rollout.
        terminated: Whether it ended by itself, as opposed to running out of time.
        paths: First two observation coordinates; NaN after an episode's end.
        choices: The cluster followed at each step; -1 after an episode's end and where there are no clusters.
    """

    returns: Float[np.ndarray, "seeds limits episodes"]
    costs: Float[np.ndarray, "seeds limits episodes"]
    lengths: Int[np.ndarray, "seeds limits episodes"]
    terminated: Bool[np.ndarray, "seeds limits episodes"]
    paths: Float[np.ndarray, "seeds limits drawn time coordinates"]
    choices: Int[np.ndarray, "seeds limits drawn time"]


def roll_out(
    make: Callable[[], VectorEnvironment],
    agent: Agent,
    seeds: Seeds,
    episodes: int,
    limits: Sequence[float] | None = None,
    cluster: int | None = None,
    drawn: int = 0,
    sample: bool = False,
) -> Rollouts:
    """Run every seed's policy; starts and noise depend on the seed alone, so all limits have the same.

    Args:
        make: Makes the task; every seed and limit acts in its own copy.
        agent: Policies of `len(seeds)` seeds.
        seeds: Seeds of the policies, which also key the starts and the action noise.
        episodes: Rollouts per seed and limit.
        limits: Costs an episode may sum to; None for agents without limits.
        cluster: The cluster whose policy is followed throughout; None leaves the choice to the agent.
        drawn: Rollouts per seed and limit whose paths and choices are kept.
        sample: Whether policies that can sample do so, instead of taking their mean action.

    Raises:
        UserError: The agent is of other seeds or for other observations, or has no policy for one of the limits.
    """
    if agent.num_seeds != len(seeds):
        cause = f"the policies are of {agent.num_seeds} seeds, not of {len(seeds)}"
        raise UserError(cause, place="--seeds", remedy="Name the seeds that they were trained for")
    shape = len(seeds), 1 if limits is None else len(limits), episodes
    seed_of_environment = [seed for seed in seeds for _ in range(shape[1])]
    environments = [make() for _ in seed_of_environment]
    require_observations(agent, environments[0].observation_size, "the environment")
    starts = [generator(seed, "evaluation starts") for seed in seed_of_environment]
    noises = [generator(seed, "evaluation noise") for seed in seed_of_environment]
    observations = np.concatenate([e.reset(episodes, start) for e, start in zip(environments, starts, strict=True)])
    agent.begin(_conditions(shape, limits, cluster))
    tally = _Tally(shape, drawn)
    for _ in range(environments[0].max_episode_steps):
        seen = torch.from_numpy(observations).float()
        actions = agent.act(seen, _normal(noises, episodes, environments[0].action_size) if sample else None)
        step = _step(environments, actions.double().numpy())
        agent.observe(torch.from_numpy(step.rewards).float(), torch.from_numpy(step.costs).float())
        tally.count(seen, agent.followed, step)
        observations = step.observations
        if not tally.running.any():
            break
    for environment in environments:
        environment.close()
    return tally.rollouts()


class _Tally:
    """Counts what the agents receive until their episodes end, ``[agents]``; the first `drawn` of a limit are drawn."""

    def __init__(self, shape: tuple[int, int, int], drawn: int) -> None:
        agents = int(np.prod(shape))
        self.shape, self.drawn = shape, drawn
        self.returns, self.costs = np.zeros((2, agents))
        self.lengths = np.zeros(agents, dtype=np.int64)
        self.running, self.terminated = np.ones(agents, dtype=bool), np.zeros(agents, dtype=bool)
        self.paths: list[np.ndarray] = []
        self.choices: list[np.ndarray] = []

    def count(
        self, seen: Float[Tensor, "agents observation"], followed: Int[Tensor, "agents"] | None, step: Step
    ) -> None:
        """One more step: what was seen before it, which clusters were followed, and what it led to."""
        if self.drawn:
            chosen = np.full(len(seen), -1) if followed is None else followed.numpy()
            self.paths.append(self._drawn(np.where(self.running[:, None], seen[:, :PLANE].numpy(), np.nan)))
            self.choices.append(self._drawn(np.where(self.running, chosen, -1)))
        self.returns += np.where(self.running, step.rewards, 0.0)
        self.costs += np.where(self.running, step.costs, 0.0)
        self.lengths += self.running
        self.terminated |= self.running & step.terminated
        self.running &= ~step.terminated

    def rollouts(self) -> Rollouts:
        """All that was counted."""
        empty = *self.shape[:2], 0, 0
        paths = np.stack(self.paths, axis=3) if self.paths else np.zeros((*empty, PLANE))
        choices = np.stack(self.choices, axis=3) if self.choices else np.zeros(empty)
        return Rollouts(
            returns=self.returns.reshape(self.shape),
            costs=self.costs.reshape(self.shape),
            lengths=self.lengths.reshape(self.shape),
            terminated=self.terminated.reshape(self.shape),
            paths=paths.astype(np.float32),
            choices=choices.astype(np.int8),
        )

    def _drawn(self, values: np.ndarray) -> np.ndarray:
        return values.reshape(*self.shape, *values.shape[1:])[:, :, : self.drawn]


def _conditions(shape: tuple[int, int, int], limits: Sequence[float] | None, cluster: int | None) -> Conditions:
    """What the agents act under, sorted by seed, limit and episode."""
    agents = int(np.prod(shape))
    seed_index, limit_index, _ = (torch.from_numpy(index) for index in np.unravel_index(np.arange(agents), shape))
    return Conditions(
        seed_index,
        limits=None if limits is None else torch.tensor(limits, dtype=torch.float32)[limit_index],
        clusters=None if cluster is None else torch.full((agents,), cluster),
    )


def _normal(sources: list[np.random.Generator], episodes: int, width: int) -> Float[Tensor, "agents action"]:
    return torch.from_numpy(
        np.concatenate([source.standard_normal((episodes, width), np.float32) for source in sources])
    )


def _step(environments: list[VectorEnvironment], actions: Float[np.ndarray, "agents action"]) -> Step:
    """One step of every environment's equal share of the agents; costs are 0 where the task has none."""
    shares = np.split(actions, len(environments))
    steps = [environment.step(share) for environment, share in zip(environments, shares, strict=True)]
    observations, rewards, terminated = (np.concatenate(values) for values in list(zip(*steps, strict=True))[:3])
    costs = [np.zeros_like(step.rewards) if step.costs is None else step.costs for step in steps]
    return Step(observations, rewards, terminated, np.concatenate(costs))

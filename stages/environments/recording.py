"""Recording: whole episodes of one policy, many side by side.

Episodes are recorded in waves of equal size, each with its own random numbers, so a longer recording begins with the
shorter one. Arrays are float32; the simulation keeps its own precision.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count

import numpy as np
from jaxtyping import Float

from stages.datasets.episodes import EpisodeDataset, concatenate
from stages.environments.base import VectorEnvironment
from stages.progress import Progress
from stages.seeding import generator

Policy = Callable[[Float[np.ndarray, "agents observation"], np.random.Generator], np.ndarray]


def record(
    environment: VectorEnvironment,
    policy: Policy,
    *,
    seed: int,
    purpose: str,
    num_steps: int | None = None,
    num_episodes: int | None = None,
    side_by_side: int = 50,
    progress: Progress | None = None,
) -> EpisodeDataset:
    """Episodes of `policy` until there are at least `num_steps` steps, or `num_episodes` episodes.

    Args:
        environment: Any task; its time limit truncates episodes.
        policy: Maps the observations of all agents, and a generator, to their actions.
        seed: Seed of starts and actions.
        purpose: Name of the recording; recordings of different names are independent.
        num_steps: Least number of steps; the last episode is complete.
        num_episodes: Number of episodes, instead.
        side_by_side: Episodes of one wave.
        progress: Told how many steps (or episodes) there are so far.
    """
    parts: list[EpisodeDataset] = []
    steps = episodes = 0
    for wave in _waves(environment, policy, side_by_side, seed, purpose):
        parts.append(wave)
        steps, episodes = steps + wave.num_steps, episodes + wave.num_episodes
        if progress is not None:
            progress.advance_to(min(progress.total, steps if num_episodes is None else episodes))
        if episodes >= num_episodes if num_episodes is not None else steps >= (num_steps or 0):
            break
    recorded = concatenate(parts)
    if num_episodes is None:
        num_episodes = int(np.searchsorted(np.cumsum(recorded.episode_lengths), num_steps or 0)) + 1
    return recorded if num_episodes == episodes else recorded.select(np.arange(num_episodes))


def _waves(
    environment: VectorEnvironment, policy: Policy, size: int, seed: int, purpose: str
) -> Iterator[EpisodeDataset]:
    for number in count():
        yield _wave(environment, policy, size, generator(seed, f"recording {purpose}", number))


def _wave(environment: VectorEnvironment, policy: Policy, size: int, random: np.random.Generator) -> EpisodeDataset:
    """One episode of each agent, put one after the other."""
    observations = environment.reset(size, random)
    lengths = np.zeros(size, dtype=np.int64)
    running = np.ones(size, dtype=bool)
    record: list[tuple[np.ndarray, ...]] = []
    for _ in range(environment.max_episode_steps):
        actions = policy(observations, random)
        step = environment.step(actions)
        kept = [observations, actions, step.rewards, step.terminated, step.observations]
        record.append(tuple(kept if step.costs is None else [*kept, step.costs]))
        observations = step.observations
        lengths += running
        running = running & ~step.terminated
        if not running.any():
            break
    return _by_episode(record, lengths, environment.num_actions)


def _by_episode(record: list[tuple[np.ndarray, ...]], lengths: np.ndarray, num_actions: int | None) -> EpisodeDataset:
    """Steps recorded in the order of time, put one episode after the other, without what followed an episode's end."""
    within = np.arange(len(record))[None] < lengths[:, None]
    observations, actions, rewards, terminated, following, *costs = (
        np.stack(values, axis=1)[within] for values in zip(*record, strict=True)
    )
    last = np.zeros(len(rewards), dtype=bool)
    last[np.cumsum(lengths) - 1] = True
    return EpisodeDataset(
        observations=observations.astype(np.float32),
        actions=actions.astype(np.float32 if num_actions is None else np.int64),
        rewards=rewards.astype(np.float32),
        terminations=terminated & last,
        truncations=last & ~terminated,
        next_observations=following.astype(np.float32),
        num_actions=num_actions,
        costs=costs[0].astype(np.float32) if costs else None,
    )

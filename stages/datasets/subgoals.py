"""Navigation data from subgoal-following behaviours (EMPO, Appendix A, Eq. 15 and Algorithm 3).

A behaviour walks through a list of subgoals and then to the goal: at each step it heads for the current subgoal at full
speed, with Gaussian noise, clipped to the action box; within `reach_distance` of the subgoal it turns to the next. All
episodes of a behaviour are simulated side by side.
"""

from __future__ import annotations

import math

import numpy as np
from pydantic import Field

from stages.datasets.episodes import EpisodeDataset, concatenate
from stages.environments.navigation import Navigation, NavigationSettings
from stages.registry import GENERATORS
from stages.seeding import generator
from stages.settings import Settings

Point = tuple[float, float]

PAPER_BEHAVIOURS: dict[str, list[Point]] = {
    "behaviour 0": [(0, 30), (10, 30), (10, 0), (20, 0), (20, 30)],
    "behaviour 1": [(10, 0), (10, 15), (20, 15), (20, 0), (30, 0)],
}


class SubgoalSettings(Settings):
    """Navigation episodes from any number of subgoal lists."""

    behaviours: dict[str, list[Point]] = Field(
        PAPER_BEHAVIOURS, min_length=1, description="subgoals of each behaviour, visited in order before the goal"
    )
    noise: float = Field(0.1, ge=0, description="standard deviation of the noise added to each action coordinate")
    steps_per_behaviour: int = Field(1_000_000, ge=1, description="at least this many steps of each behaviour")
    seed: int = Field(0, ge=0, description="seed of starts and noise")
    environment: NavigationSettings = Field(NavigationSettings(), description="geometry of the task")


@GENERATORS.register("navigation", SubgoalSettings)
def generate(settings: SubgoalSettings) -> EpisodeDataset:
    """Whole episodes of every behaviour, in order, until each has at least `steps_per_behaviour` steps."""
    environment = Navigation(settings.environment)
    parts = [
        _behaviour_episodes(environment, np.array([*subgoals, settings.environment.goal]), name, settings)
        for name, subgoals in settings.behaviours.items()
    ]
    return concatenate(parts, names=tuple(settings.behaviours))


def _behaviour_episodes(
    environment: Navigation, targets: np.ndarray, name: str, settings: SubgoalSettings
) -> EpisodeDataset:
    speed = environment.settings.max_speed
    path = np.abs(np.diff(np.vstack([np.zeros(2), targets]), axis=0)).max(axis=1).sum()
    parts: list[EpisodeDataset] = []
    steps = 0
    while steps < settings.steps_per_behaviour:
        mean_length = steps / sum(p.num_episodes for p in parts) if parts else 1.25 * path / speed
        wave = math.ceil(1.01 * (settings.steps_per_behaviour - steps) / mean_length) + 1
        random = generator(settings.seed, f"navigation {name}", len(parts))
        parts.append(_walk(environment, targets, settings.noise, wave, random))
        steps += parts[-1].num_steps
    episodes = concatenate(parts)
    enough = int(np.searchsorted(np.cumsum(episodes.episode_lengths), settings.steps_per_behaviour)) + 1
    return episodes.select(np.arange(enough))


def _walk(
    environment: Navigation, targets: np.ndarray, noise: float, num_agents: int, random: np.random.Generator
) -> EpisodeDataset:
    """One episode of each agent, all side by side; agents leave the simulation as they reach the goal."""
    speed = environment.settings.max_speed
    position = environment.reset(num_agents, random)
    agent, leg = np.arange(num_agents), np.zeros(num_agents, dtype=np.int64)
    record: dict[str, list[np.ndarray]] = {k: [] for k in ("agent", "position", "action", "reward", "done", "next")}
    limit = 100 * len(targets) * math.ceil(environment.settings.size / speed)
    for _ in range(limit):
        heading = np.clip(targets[leg] - position, -speed, speed)
        action = np.clip(heading + noise * random.standard_normal(heading.shape), -speed, speed)
        following, reward, done = environment.step(action)
        leg = np.minimum(leg + environment.reached(following, targets[leg]), len(targets) - 1)
        done &= leg == len(targets) - 1
        for name, value in zip(record, (agent, position, action, reward, done, following), strict=True):
            record[name].append(value)
        going = ~done
        position, agent, leg = following[going], agent[going], leg[going]
        environment.position = position
        if not len(agent):
            return _by_agent({name: np.concatenate(values) for name, values in record.items()})
    raise ValueError(f"a behaviour did not reach its goal within {limit} steps; is the noise larger than the speed?")


def _by_agent(flat: dict[str, np.ndarray]) -> EpisodeDataset:
    order = np.argsort(flat["agent"], kind="stable")
    taken = {name: values[order] for name, values in flat.items()}
    return EpisodeDataset(
        observations=taken["position"].astype(np.float32),
        actions=taken["action"].astype(np.float32),
        rewards=taken["reward"].astype(np.float32),
        terminations=taken["done"],
        truncations=np.zeros(len(order), dtype=bool),
        next_observations=taken["next"].astype(np.float32),
        environment="navigation",
    )

"""Navigation data from subgoal-following behaviours (EMPO, Appendix A, Eq. 15 and Algorithm 3).

A behaviour walks through a list of subgoals and then to the goal: at each step it heads for the current subgoal at full
speed, with Gaussian noise, clipped to the action box; within `reach_distance` of the subgoal it turns to the next. All
episodes of a behaviour are simulated side by side.

Deviations from Algorithm 3: an episode also ends, truncated, at the environment's time limit, which the paper's
settings never reach; passing by the goal on the way to a subgoal does not end it (nor does it in Algorithm 3).
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from jaxtyping import Float
from pydantic import Field, model_validator

from stages.datasets.episodes import EpisodeDataset, concatenate
from stages.environments.navigation import Navigation, NavigationSettings
from stages.generators import GENERATORS
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

    @model_validator(mode="after")
    def _inside(self) -> SubgoalSettings:
        for name, subgoals in self.behaviours.items():
            if outside := [point for point in subgoals if not self.environment.contains(point)]:
                raise ValueError(f"subgoal {outside[0]} of {name!r} lies outside the square")
        return self


@GENERATORS.register("navigation", SubgoalSettings)
def generate(settings: SubgoalSettings) -> EpisodeDataset:
    """Whole episodes of every behaviour, in order, until each has at least `steps_per_behaviour` steps."""
    environment = Navigation(settings.environment)
    parts = [
        _behaviour_episodes(environment, np.array([*subgoals, settings.environment.goal]), name, settings)
        for name, subgoals in settings.behaviours.items()
    ]
    joined = concatenate(parts, names=list(settings.behaviours))
    geometry = {"environment_settings": settings.environment.model_dump_json()}
    return replace(joined, environment="navigation", attributes=geometry)


def _behaviour_episodes(
    environment: Navigation, targets: Float[np.ndarray, "targets 2"], name: str, settings: SubgoalSettings
) -> EpisodeDataset:
    """Waves of side-by-side episodes, each about as large as what is missing, cut after what is wanted."""
    wanted, speed = settings.steps_per_behaviour, environment.settings.max_speed
    path = np.abs(np.diff(targets, axis=0, prepend=0)).max(axis=1).sum()
    mean_length = min(1.25 * path / speed, environment.max_episode_steps)
    parts: list[EpisodeDataset] = []
    steps = 0
    while steps < wanted:
        wave = math.ceil(1.01 * (wanted - steps) / mean_length) + 1
        random = generator(settings.seed, f"navigation {name}", len(parts))
        parts.append(_walk(environment, targets, settings.noise, wave, random))
        steps += parts[-1].num_steps
        mean_length = parts[-1].episode_lengths.mean()
    episodes = concatenate(parts)
    enough = int(np.searchsorted(np.cumsum(episodes.episode_lengths), wanted)) + 1
    return episodes.select(np.arange(enough))


def _walk(
    environment: Navigation,
    targets: Float[np.ndarray, "targets 2"],
    noise: float,
    num_agents: int,
    random: np.random.Generator,
) -> EpisodeDataset:
    """One episode of each agent, all side by side; agents leave the simulation as their episodes end."""
    speed, final = environment.settings.max_speed, len(targets) - 1
    position = environment.reset(num_agents, random)
    agent, leg = np.arange(num_agents), np.zeros(num_agents, dtype=np.int64)
    record: list[tuple[np.ndarray, ...]] = []
    for _ in range(environment.max_episode_steps):
        heading = np.clip(targets[leg] - position, -speed, speed)
        action = np.clip(heading + noise * random.standard_normal(heading.shape), -speed, speed)
        following, reward, at_goal = environment.move(position, action)
        leg = np.minimum(leg + environment.reached(following, targets[leg]), final)
        done = at_goal & (leg == final)
        record.append((agent, position, action, reward, done, following))
        going = np.flatnonzero(~done)
        position, agent, leg = following[going], agent[going], leg[going]
        if not len(agent):
            break
    return _by_agent(record)


def _by_agent(record: list[tuple[np.ndarray, ...]]) -> EpisodeDataset:
    """Steps recorded in the order of time, put one episode after the other; the last step of each ends it."""
    agent, position, action, reward, done, following = map(np.concatenate, zip(*record, strict=True))
    order = np.argsort(agent, kind="stable")
    last = np.diff(agent[order], append=-1) != 0
    return EpisodeDataset(
        observations=position.astype(np.float32)[order],
        actions=action.astype(np.float32)[order],
        rewards=reward.astype(np.float32)[order],
        terminations=done[order],
        truncations=last & ~done[order],
        next_observations=following.astype(np.float32)[order],
    )

"""Clustering benchmarks on gridworlds: episodes of rule policies whose actions sometimes slip.

Each policy (`stages.generators.gridworld_rules`) is a rule, and the data set records what it meant to do, not what the
slip made of it: behaviour is deterministic, the dynamics are not. Every episode knows its policy, and the data set how
well any clustering can find it (attribute `oracle_ceiling`, see `stages.diagnosis.oracle_ceiling`).

Sizes are those of the published data. Episodes shorter than `min_steps` are dropped afterwards, as the published
experiments do, being explained by almost any policy. In Takeball and Extra each policy is rewarded for its own task
(ball k for the ball k; good, bad and med with special rewards of 10, -10 and 0); the data set's `environment_settings`
are those of the settings all the same, for there is one environment to evaluate in.

Source: Hu, Wang and Du, Policy-Based Trajectory Clustering in Offline Reinforcement Learning, and its public code.
Deviations: episodes are recorded independently. The published ones of Diagonal and Takeball are what was whole in
streams of 128 steps, which loses more of the long ones: cut like that, ours have the published mean lengths (12.8-13.1
and 24.4-27.0), which are 1 % below those of all episodes. In Extra, an episode in which the policy finds no way is left
out from the start; the published ones keep the steps before that, if there are any.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, NamedTuple

import numpy as np
from pydantic import Field, PositiveInt

from stages.datasets.episodes import EpisodeDataset, concatenate
from stages.diagnosis.oracle_ceiling import oracle_ceiling
from stages.environments.diagonal import Diagonal, DiagonalSettings
from stages.environments.extra import Extra, ExtraSettings
from stages.environments.gridworld import STAY, Gridworld, GridworldSettings
from stages.environments.recording import record
from stages.environments.takeball import Takeball, TakeballSettings
from stages.errors import UserError
from stages.generators import GENERATORS
from stages.generators.gridworld_likelihood import log_likelihood
from stages.generators.gridworld_rules import DIAGONAL_RULES, EXTRA_RULES, TAKEBALL_RULES, Rule
from stages.seeding import generator
from stages.settings import Settings

SIDE_BY_SIDE = 1024

DiagonalPolicy = Literal["balanced", "rightfirst", "downfirst", "zigzag1", "zigzag2", "random1", "random2"]
TakeballPolicy = Literal["ball 0", "ball 1", "ball 2", "ball 3"]
ExtraPolicy = Literal["good", "bad", "med"]

PUBLISHED_DIAGONAL: dict[DiagonalPolicy, int] = {
    "balanced": 20_697,
    "rightfirst": 20_250,
    "downfirst": 20_213,
    "zigzag1": 20_487,
    "zigzag2": 20_503,
}
PUBLISHED_TAKEBALL: dict[TakeballPolicy, int] = {"ball 0": 20_031, "ball 1": 20_437, "ball 2": 20_601, "ball 3": 20_567}
PUBLISHED_EXTRA: dict[ExtraPolicy, int] = {"good": 7_936, "bad": 19_968, "med": 19_968}
SPECIAL_REWARDS: dict[ExtraPolicy, float] = {"good": 10.0, "bad": -10.0, "med": 0.0}


class GridworldDataSettings(Settings):
    """What the three data sets share."""

    environment: GridworldSettings
    min_steps: int = Field(4, ge=1, description="episodes of fewer steps are dropped after they were recorded")
    seed: int = Field(0, ge=0, description="seed of starts and slips")


class DiagonalDataSettings(GridworldDataSettings):
    """Diagonal: five policies that only walk right and down, and two harder ones to add."""

    episodes: dict[DiagonalPolicy, PositiveInt] = Field(
        PUBLISHED_DIAGONAL, min_length=1, description="policies, with how many episodes of each are recorded"
    )
    environment: DiagonalSettings = Field(DiagonalSettings(), description="settings of the task")


class TakeballDataSettings(GridworldDataSettings):
    """Takeball: one policy for each ball."""

    episodes: dict[TakeballPolicy, PositiveInt] = Field(
        PUBLISHED_TAKEBALL, min_length=1, description="policies, with how many episodes of each are recorded"
    )
    environment: TakeballSettings = Field(
        TakeballSettings(), description="settings of the task; `target` is the policy's own while recording"
    )


class ExtraDataSettings(GridworldDataSettings):
    """Extra: three ways to treat special cells."""

    episodes: dict[ExtraPolicy, PositiveInt] = Field(
        PUBLISHED_EXTRA, min_length=1, description="policies, with how many episodes of each are recorded"
    )
    environment: ExtraSettings = Field(
        ExtraSettings(), description="settings of the task; `special_reward` is the policy's own while recording"
    )


class Behaviour(NamedTuple):
    """A policy, how many episodes of it are wanted, and the task it is rewarded in."""

    name: str
    episodes: int
    environment: Gridworld
    rule: Rule


@GENERATORS.register("diagonal", DiagonalDataSettings)
def diagonal(settings: DiagonalDataSettings) -> EpisodeDataset:
    """Episodes of Diagonal, one policy after the other."""
    task = Diagonal(settings.environment)
    behaviours = [Behaviour(name, number, task, DIAGONAL_RULES[name]) for name, number in settings.episodes.items()]
    return _benchmark("diagonal", behaviours, settings)


@GENERATORS.register("takeball", TakeballDataSettings)
def takeball(settings: TakeballDataSettings) -> EpisodeDataset:
    """Episodes of Takeball, one policy after the other."""
    behaviours = []
    for name, number in settings.episodes.items():
        target = {"target": list(TAKEBALL_RULES).index(name)}
        task = Takeball(settings.environment.model_copy(update=target))
        behaviours.append(Behaviour(name, number, task, TAKEBALL_RULES[name]))
    return _benchmark("takeball", behaviours, settings)


@GENERATORS.register("extra", ExtraDataSettings)
def extra(settings: ExtraDataSettings) -> EpisodeDataset:
    """Episodes of Extra, one policy after the other."""
    behaviours = []
    for name, number in settings.episodes.items():
        task = Extra(settings.environment.model_copy(update={"special_reward": SPECIAL_REWARDS[name]}))
        behaviours.append(Behaviour(name, number, task, EXTRA_RULES[name]))
    return _benchmark("extra", behaviours, settings)


def _benchmark(task: str, behaviours: Sequence[Behaviour], settings: GridworldDataSettings) -> EpisodeDataset:
    """All policies' episodes, without the short ones, with their ceiling."""
    parts = [_record(behaviour, f"{task} {behaviour.name}", settings.seed) for behaviour in behaviours]
    recorded = concatenate(parts, names=[behaviour.name for behaviour in behaviours])
    kept = np.flatnonzero(recorded.episode_lengths >= settings.min_steps)
    if not len(kept):
        raise UserError(f"no episode of {task} has {settings.min_steps} steps", remedy="Lower `min_steps`")
    episodes = recorded.select(kept)
    likelihood = log_likelihood(behaviours[0].environment, episodes, [behaviour.rule for behaviour in behaviours])
    ceiling = oracle_ceiling(episodes, likelihood, generator(settings.seed, f"{task} ties"))
    attributes = {
        "environment_settings": settings.environment.model_dump_json(),
        "oracle_ceiling": json.dumps(ceiling),
    }
    return replace(episodes, environment=task, attributes=attributes)


def _record(behaviour: Behaviour, purpose: str, seed: int) -> EpisodeDataset:
    """The first episodes in which the rule always finds a way, as many as are wanted."""

    def act(_: np.ndarray, __: np.random.Generator) -> np.ndarray:
        return behaviour.rule(behaviour.environment.situation)

    asked = wanted = behaviour.episodes
    while True:
        episodes = record(
            behaviour.environment, act, seed=seed, purpose=purpose, num_episodes=asked, side_by_side=SIDE_BY_SIDE
        )
        stuck = np.logical_or.reduceat(episodes.actions == STAY, episodes.episode_starts)
        found = np.flatnonzero(~stuck)[:wanted]
        if len(found) == wanted:
            return episodes if asked == wanted else episodes.select(found)
        # A longer recording begins with the shorter one.
        asked += 2 * (wanted - len(found))

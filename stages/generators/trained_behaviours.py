"""Robot data from behaviours of known quality: policies that `train_behaviours` made, recorded with sampled actions.

Any of a robot's levels, in any amounts, one after the other: medium and expert, for instance, are D4RL's
``medium-expert``. ``random`` is always there: actions drawn uniformly from the box, as D4RL's random policies do. Every
episode is complete and says which policy recorded it. The policies come with the project (`data/behaviours`, with a
manifest of how they were trained and what they earn); others are named by `actors`.

Source: Fu et al., D4RL, 2020, section 5 (what medium, expert and random data are). D4RL cuts its last episode short.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from stages.datasets.episodes import EpisodeDataset, concatenate
from stages.datasets.recordings import said_of
from stages.environments.base import VectorEnvironment
from stages.environments.loading import make
from stages.environments.recording import Policy, record
from stages.errors import UserError, did_you_mean
from stages.generators import GENERATORS
from stages.generators.actor_files import ActorFileSettings
from stages.made_files import json_object, reading
from stages.online.actors import Actors
from stages.online.ladder import sampling
from stages.progress import Progress

RANDOM = "random"
MEDIUM, EXPERT = "medium", "expert"


class TrainedBehaviourSettings(ActorFileSettings):
    """Which behaviours, and how much of each."""

    behaviours: dict[str, Annotated[int, Field(ge=1)]] = Field(
        min_length=1, description="name: at least so many steps of this behaviour, or so many episodes"
    )
    counted: Literal["steps", "episodes"] = Field("steps", description="what the numbers of behaviours count")
    noise: float = Field(1.0, ge=0, description="multiplies the policies' own randomness; 0: always their mode")
    one_recording: bool = Field(
        False, description="the behaviours are one learner's at different times, in this order, as in its replay buffer"
    )
    seed: int = Field(0, ge=0, description="seed of starts and actions")
    environment_settings: dict[str, Any] = Field({}, description="the environment's settings, where not its defaults")


@GENERATORS.register("behaviours", TrainedBehaviourSettings)
def generate(settings: TrainedBehaviourSettings) -> EpisodeDataset:
    """Whole episodes of every behaviour, in order.

    Raises:
        UserError: There is no such environment or behaviour, the file does not fit the environment, or its expert is no
            better than its medium behaviour.
    """
    environment = make(settings.environment, settings.environment_settings)
    actors = settings.load(environment) if set(settings.behaviours) != {RANDOM} else None
    policies = {name: _policy(name, environment, actors, settings) for name in settings.behaviours}
    parts = [
        _recorded(environment, policies[name], name, number, settings) for name, number in settings.behaviours.items()
    ]
    environment.close()
    _require_better_expert(dict(zip(settings.behaviours, parts, strict=True)), settings.actors)
    joined = concatenate(parts, names=list(settings.behaviours))
    attributes = {"environment_settings": json.dumps(settings.environment_settings), "behaviours": _manifest(settings)}
    if settings.one_recording:
        attributes |= said_of([np.zeros(joined.num_episodes, np.int64)])
    return replace(joined, environment=settings.environment, attributes=attributes)


def _require_better_expert(parts: Mapping[str, EpisodeDataset], actors: str) -> None:
    """Stop if the data called ``expert`` are no better than those called ``medium``: nothing would be what it says.

    Raises:
        UserError: Both were recorded, and the mean return of an expert episode is not larger.
    """
    if {MEDIUM, EXPERT} <= parts.keys():
        medium, expert = (float(parts[name].episode_returns.mean()) for name in (MEDIUM, EXPERT))
        if expert <= medium:
            cause = f"no expert level above the medium one: their mean returns are {expert:,.0f} and {medium:,.0f}"
            raise UserError(cause, place=actors, remedy="Train the behaviours for longer: snakemake behaviours")


def _policy(
    name: str, environment: VectorEnvironment, actors: Actors | None, settings: TrainedBehaviourSettings
) -> Policy:
    if actors is None or name == RANDOM:
        low, high = environment.action_low, environment.action_high
        return lambda observations, random: random.uniform(low, high, (len(observations), len(low)))
    if name not in actors.names:
        names = [*actors.names, RANDOM]
        raise UserError(f"no behaviour {name!r}", place=settings.actors, remedy=did_you_mean(name, names))
    return sampling(actors.select([name]), environment, settings.noise)


def _recorded(
    environment: VectorEnvironment, policy: Policy, name: str, number: int, settings: TrainedBehaviourSettings
) -> EpisodeDataset:
    steps, episodes = (number, None) if settings.counted == "steps" else (None, number)
    with Progress(f"{name} behaviour", number, unit=settings.counted.removesuffix("s")) as progress:
        return record(
            environment, policy, seed=settings.seed, purpose=name,
            num_steps=steps, num_episodes=episodes, progress=progress,
        )  # fmt: skip


def _manifest(settings: TrainedBehaviourSettings) -> str:
    """What is known about the behaviours, as the manifest beside their file tells it."""
    path = Path(settings.actors).with_suffix(".json")
    if not path.exists():
        return json.dumps({name: {} for name in settings.behaviours})
    with reading(path, "no manifest of behaviours", "Take it from where the behaviours came from, or remove it"):
        facts = json_object(path.read_text(encoding="utf-8"))["behaviours"]
        return json.dumps({name: facts.get(name, {}) for name in settings.behaviours})

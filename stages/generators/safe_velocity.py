"""Safe running data in DSRL's spirit: policies between slow and too fast, recorded and thinned.

Tasks are Safety-Gymnasium's velocity tasks and those of Bullet; all that is asked of one is that it has costs.

The policies are what a learner with a moving cost limit was at different times (`stages.online.random_search`); they
come with the project in `data/behaviours`. Each records the same number of episodes with sampled actions, once for
each of the `noises`; then the episodes are thinned on a grid over return and cost. Every episode is complete and says
which policy, with how much noise, recorded it.

Source: Liu et al., DSRL, 2023. Deviation: DSRL keeps the episodes that constrained learners (TRPO with a Lagrange
multiplier) saw in training; here linear policies are recorded afterwards, so every episode has one known policy.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Annotated

from pydantic import Field

from stages.datasets.episodes import EpisodeDataset, concatenate
from stages.datasets.thinning import ThinningSettings, thinned
from stages.environments.loading import make
from stages.environments.recording import record
from stages.errors import UserError
from stages.generators import GENERATORS
from stages.generators.actor_files import ActorFileSettings
from stages.online.ladder import sampling
from stages.progress import Progress


class SafeVelocitySettings(ActorFileSettings):
    """Episodes of a task with costs, from all behaviours of a file."""

    environment: str = Field("SafetySwimmerVelocity-v1", description="task to record in")
    episodes_per_behaviour: int = Field(10, ge=1, description="episodes of each behaviour and noise, before thinning")
    noises: list[Annotated[float, Field(ge=0)]] = Field(
        [1.0], min_length=1, description="multiples of the policies' own randomness, each recorded"
    )
    horizon: int | None = Field(
        None, ge=1, description="steps after which an episode is truncated; null: the task's own, as published"
    )
    thinning: ThinningSettings = Field(ThinningSettings(), description="how the recording is thinned")
    seed: int = Field(0, ge=0, description="seed of starts, actions and thinning")


@GENERATORS.register("safe_velocity", SafeVelocitySettings)
def generate(settings: SafeVelocitySettings) -> EpisodeDataset:
    """Whole episodes of every behaviour, in order, without those that thinning drops.

    Raises:
        UserError: There is no such environment, it has no costs, or the file does not fit it.
    """
    environment = make(settings.environment, {"max_episode_steps": settings.horizon} if settings.horizon else {})
    if not environment.has_costs:
        raise UserError("has no costs", place=settings.environment, remedy="Use the generator `behaviours`")
    actors = settings.load(environment)
    recorded = [(name, noise) for name in actors.names for noise in settings.noises]
    names = [name if noise == 1 else f"{name}, noise x {noise:g}" for name, noise in recorded]
    parts, number = [], settings.episodes_per_behaviour
    with Progress("recording behaviours", len(names), "behaviour") as progress:
        for name, (actor, noise) in zip(names, recorded, strict=True):
            policy = sampling(actors.select([actor]), environment, noise)
            whole = record(
                environment, policy, seed=settings.seed, purpose=name, num_episodes=number, side_by_side=min(number, 50)
            )
            parts.append(whole)
            progress.advance_to(len(parts))
    environment.close()
    attributes = {"environment_settings": json.dumps({"max_episode_steps": environment.max_episode_steps})}
    joined = replace(concatenate(parts, names), environment=settings.environment, attributes=attributes)
    return thinned(joined, settings.thinning, settings.seed)

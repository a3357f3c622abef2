"""Mixtures: parts of several datasets as one, by whole episodes, each with its true policy.

A source gives all of its episodes, or a random part of them: as many whole episodes as reach a number of steps, or a
number of episodes. Subsets of 10,000 transitions, as small-data studies use them, are one source with 10,000 steps.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from jaxtyping import Int
from pydantic import Field, model_validator

from stages.datasets.episodes import EpisodeDataset, concatenate
from stages.datasets.recordings import recording_of_episode, said_of
from stages.errors import UserError
from stages.seeding import generator
from stages.settings import Settings


class Share(Settings):
    """How much of a source is taken: all of it, or whole episodes drawn at random."""

    num_steps: int | None = Field(None, ge=1, description="episodes until they have at least so many steps")
    num_episodes: int | None = Field(None, ge=1, description="so many episodes")

    @model_validator(mode="after")
    def _one_way(self) -> Share:
        if self.num_steps is not None and self.num_episodes is not None:
            raise ValueError("give num_steps or num_episodes, not both")
        return self


class MixSettings(Settings):
    """What is mixed, and what its true policies are."""

    sources: dict[str, Share] = Field(min_length=1, description="dataset: how much of it")
    label_by_source: bool = Field(False, description="take the source as the true policy of its episodes")
    seed: int = Field(0, ge=0, description="seed of the choice of episodes")


def mix(datasets: Mapping[str, EpisodeDataset], settings: MixSettings) -> EpisodeDataset:
    """The sources' shares, one after the other; episodes keep their order within a source.

    Raises:
        UserError: The sources do not fit together, or one has too little.
    """
    first_name, first = next(iter(datasets.items()))
    parts, order = [], []
    for name, share in settings.sources.items():
        dataset = datasets[name]
        if _kind(dataset) != _kind(first):
            raise UserError(f"is from another task than {first_name}", place=name, remedy="Mix datasets of one task")
        episodes, recording = drawn(dataset, share, name, settings.seed), recording_of_episode(dataset)
        parts.append(dataset.select(episodes))
        order.append(None if recording is None else recording[episodes])
    names = list(settings.sources) if settings.label_by_source else None
    mixed = concatenate(parts, names)
    shares = {name: {"episodes": p.num_episodes, "steps": p.num_steps} for name, p in zip(datasets, parts, strict=True)}
    kept = {key: text for key, text in mixed.attributes.items() if key == "environment_settings"}
    return replace(mixed, attributes=kept | {"mixture": json.dumps(shares)} | said_of(order))


def drawn(dataset: EpisodeDataset, share: Share, name: str, seed: int) -> Int[np.ndarray, "chosen"]:
    """The episodes of one source, in their order there.

    Raises:
        UserError: The source has less than that.
    """
    order = generator(seed, f"mixture {name}").permutation(dataset.num_episodes)
    count = dataset.num_episodes
    if share.num_episodes is not None:
        count = share.num_episodes
    elif share.num_steps is not None:
        count = int(np.searchsorted(np.cumsum(dataset.episode_lengths[order]), share.num_steps)) + 1
    if count > dataset.num_episodes:
        wanted = f"{share.num_steps:,} steps" if share.num_steps else f"{share.num_episodes:,} episodes"
        has = f"{dataset.num_steps:,} steps in {dataset.num_episodes:,} episodes"
        raise UserError(f"{wanted} are wanted, there are {has}", place=name, remedy="Ask for less, or record more")
    return np.sort(order[:count])


def _kind(dataset: EpisodeDataset) -> tuple[object, ...]:
    settings = json.loads(dataset.attributes.get("environment_settings", "{}"))
    return (
        dataset.environment,
        settings,
        dataset.observations.shape[1],
        dataset.actions.shape[1:],
        dataset.num_actions,
    )

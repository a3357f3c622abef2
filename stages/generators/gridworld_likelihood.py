"""Which rule policies each recorded gridworld episode is consistent with, as log-likelihoods: 0 or minus infinity.

A rule gives one action for every situation, so an episode has probability one under it if it took that action at every
step, and none if not. What observations do not show of a situation is told from what happened before in the episode.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from jaxtyping import Float, Int

from stages.datasets.episodes import EpisodeDataset
from stages.environments.extra import AGENT_AT, NUM_SPECIALS, SPECIALS, Extra
from stages.environments.gridworld import Gridworld
from stages.generators.gridworld_rules import Rule

CHUNK = 200_000  # steps looked at together, which bounds the memory


def log_likelihood(
    environment: Gridworld, episodes: EpisodeDataset, rules: Sequence[Rule]
) -> Float[np.ndarray, "episodes policies"]:
    """Log-likelihood of the actions of each episode under each rule.

    Args:
        environment: The task, with the kind of observations that was recorded.
        episodes: Recorded episodes.
        rules: Policies of that task.
    """
    agrees = np.empty((episodes.num_steps, len(rules)), dtype=bool)
    bounds = np.searchsorted(episodes.episode_ends, np.arange(0, episodes.num_steps, CHUNK))
    rows = [*np.unique(episodes.episode_starts[bounds]), episodes.num_steps]
    for first, after in pairwise(rows):
        situation = _situations(environment, episodes, int(first), int(after))
        for policy, rule in enumerate(rules):
            agrees[first:after, policy] = rule(situation) == episodes.actions[first:after]
    return np.where(np.logical_and.reduceat(agrees, episodes.episode_starts, axis=0), 0.0, -np.inf)


def _situations(
    environment: Gridworld, episodes: EpisodeDataset, first: int, after: int
) -> Int[np.ndarray, "steps numbers"]:
    """What the rules were shown in rows of whole episodes; of Takeball, the ball that is held has no part in it."""
    observations = episodes.observations[first:after]
    if environment.settings.observations == "layers":
        observations = environment.coordinates(observations)
    coordinates = observations.astype(np.int64)
    if not isinstance(environment, Extra):
        return coordinates
    specials = coordinates[:, SPECIALS].reshape(-1, NUM_SPECIALS, 2)
    on_special = (specials == coordinates[:, None, AGENT_AT]).all(axis=2)
    visits = np.cumsum(on_special, axis=0)
    # No episode starts in a special cell, so its first row holds the visits of the episodes before it.
    start = episodes.episode_starts[episodes.episode_of_step[first:after]] - first
    return np.concatenate([coordinates, (visits > visits[start]).astype(np.int64)], axis=1)

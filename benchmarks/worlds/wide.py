"""Training worlds whose observations are wide: what is seen elsewhere, and many things that follow from it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from benchmarks.worlds import training
from benchmarks.worlds.training import world
from stages.datasets.episodes import EpisodeDataset

EXTRA, NOISE = 14, 0.05  # further observations, and what is added to each


def widened(random: np.random.Generator, dataset: EpisodeDataset) -> EpisodeDataset:
    """A dataset with observations that are bounded functions of those it has, and noisy."""
    seen = dataset.observations
    scaled = (seen - seen.mean(0)) / seen.std(0)
    directions = random.standard_normal((seen.shape[1], EXTRA)) / np.sqrt(seen.shape[1])
    further = np.tanh(scaled @ directions + random.uniform(-1, 1, EXTRA))
    wide = np.hstack([seen, further + NOISE * random.standard_normal(further.shape)]).astype(np.float32)
    following = np.concatenate([wide[1:], wide[-1:]])
    return replace(dataset, observations=wide, next_observations=following)


@world
def people_following_widely(random: np.random.Generator) -> EpisodeDataset:
    """`people_following`, seen widely."""
    return widened(random, training.people_following(random))


@world
def people_circling_widely(random: np.random.Generator) -> EpisodeDataset:
    """`people_circling`, seen widely."""
    return widened(random, training.people_circling(random))


@world
def one_network_seen_widely(random: np.random.Generator) -> EpisodeDataset:
    """`one_network`, seen widely."""
    return widened(random, training.one_network(random))


@world
def similar_networks_seen_widely(random: np.random.Generator) -> EpisodeDataset:
    """`similar_networks`, seen widely."""
    return widened(random, training.similar_networks(random))

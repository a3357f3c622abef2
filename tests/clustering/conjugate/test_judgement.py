"""Two clusters are two policies where telling them apart foretells something."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from stages.clustering.conjugate.judgement import neighbours, standard_score, united
from stages.datasets.episodes import EpisodeDataset
from tests.synthetic import dataset_of

EPISODES, STEPS = 24, 60


def bent_policies(shift: float, seed: int = 0) -> EpisodeDataset:
    """Episodes of two policies ``a = sin(2 s) +- shift s^2 + noise``, each episode in a region of its own."""
    random = np.random.default_rng(seed)
    truth = random.permutation(np.arange(EPISODES) % 2)
    centres = random.uniform(-1, 1, (EPISODES, 1, 2))
    observations = centres + 0.7 * random.standard_normal((EPISODES, STEPS, 2))
    sign = np.where(truth == 0, shift, -shift)[:, None, None]
    actions = np.sin(2 * observations) + sign * observations**2
    actions += 0.1 * random.standard_normal(actions.shape)
    flat = observations.reshape(-1, 2), actions.reshape(-1, 2), np.zeros(EPISODES * STEPS)
    return dataset_of(*flat, [STEPS] * EPISODES, behaviour_policy=truth)


def by_region(dataset: EpisodeDataset) -> np.ndarray:
    """Clusters by the region of an episode, as a family that is too simple finds them."""
    means = np.add.reduceat(dataset.observations[:, 0], dataset.episode_starts)
    return (means > np.median(means)).astype(np.int64)


@pytest.mark.parametrize("seed", range(3))
def test_regions_of_one_policy_are_united(seed):
    dataset = bent_policies(0.0, seed)
    assert set(united(dataset, by_region(dataset), np.zeros((2, 2)), np.random.default_rng(0))) == {0}


def test_pieces_of_two_policies_become_two_clusters():
    """In all draws but one of six at most: by two standard errors, chance keeps two pieces apart now and then."""
    right = 0
    for seed in range(6):
        dataset = bent_policies(0.3, seed)
        truth = dataset.behaviour_policy
        labels = united(dataset, 2 * truth + by_region(dataset), np.zeros((4, 4)), np.random.default_rng(0))
        right += len(set(labels)) == len(set(zip(labels, truth, strict=True))) == 2
    assert right >= 5


def test_one_odd_episode_counts_as_one():
    gains = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0])
    with_loss = np.append(gains, -9.0)
    assert standard_score(gains) > standard_score(with_loss) > 0
    assert standard_score(with_loss) == standard_score(np.append(gains, -1e9))
    assert standard_score(-gains) == -standard_score(gains)


def test_every_cluster_is_compared_with_those_it_has_most_affinity_to():
    affinity = -np.abs(np.arange(8)[:, None] - np.arange(8)[None]).astype(np.float64)
    pairs = neighbours(np.arange(8), affinity)
    assert (0, 1) in pairs and (3, 4) in pairs and (0, 7) not in pairs
    assert set(map(min, pairs)) | set(map(max, pairs)) == set(range(8))
    assert neighbours(np.array([2, 5]), affinity) == [(2, 5)]


@pytest.mark.parametrize("seed", range(3))
def test_one_odd_episode_is_no_policy(seed):
    """All others are foretold a little better without it, which would count by ranks."""
    dataset, odd = bent_policies(0.0, seed), 5
    actions = dataset.actions.copy()
    actions[dataset.episode_of_step == odd] += 3
    labels = (np.arange(EPISODES) == odd).astype(np.int64)
    disturbed = replace(dataset, actions=actions)
    assert set(united(disturbed, labels, np.zeros((2, 2)), np.random.default_rng(0))) == {0}

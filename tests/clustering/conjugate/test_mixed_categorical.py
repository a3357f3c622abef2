"""Softmax policies with random effects, for discrete actions in continuous states."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from stages.clustering.conjugate.mixed_categorical import CategoricalMixedPolicies, information_of, whitening
from stages.clustering.evidence import EvidenceSettings, group
from stages.datasets.episodes import EpisodeDataset
from stages.training.job import Job
from tests.synthetic import dataset_of

EPISODES, STEPS, CHOICES = 30, 60, 3


def choosers(gap: float, stays: float = 0.0, seed: int = 0) -> EpisodeDataset:
    """Episodes of two softmax policies, logits `gap` apart; choices are repeated with probability `stays`."""
    random = np.random.default_rng(seed)
    truth = random.permutation(np.arange(EPISODES) % 2)
    middle, way = random.standard_normal((2, 3, CHOICES))
    observations = random.standard_normal((EPISODES, STEPS, 3))
    sign = np.where(truth == 0, gap, -gap)[:, None, None]
    logits = observations @ middle + sign * (observations @ way)
    actions = (logits + random.gumbel(size=logits.shape)).argmax(2)
    for t in range(1, STEPS):
        actions[:, t] = np.where(random.random(EPISODES) < stays, actions[:, t - 1], actions[:, t])
    steps = EPISODES * STEPS
    base = dataset_of(observations.reshape(steps, 3), np.zeros((steps, 1)), np.zeros(steps), [STEPS] * EPISODES)
    return replace(base, actions=actions.reshape(steps), num_actions=CHOICES, behaviour_policy=truth)


def labels_found(dataset: EpisodeDataset, num_clusters: int | None = None) -> np.ndarray:
    found = group(Job(dataset, [0]), EvidenceSettings(num_clusters=num_clusters), [], 0)
    assert isinstance(found.policies, CategoricalMixedPolicies)
    return found.log_weights.argmax(1).numpy()


@pytest.mark.parametrize("num_clusters", [None, 2])
def test_policies_of_choices_are_told_apart(num_clusters):
    dataset = choosers(1.0)
    labels = labels_found(dataset, num_clusters)
    assert len(set(labels)) == len(set(zip(labels, dataset.behaviour_policy, strict=True))) == 2


@pytest.mark.parametrize("stays", [0.0, 0.8])
def test_one_policy_is_one_cluster_though_it_stays_with_what_it_did(stays):
    assert set(labels_found(choosers(0.0, stays))) == {0}


def test_a_choice_that_never_occurs_changes_nothing():
    dataset = choosers(1.0)
    with_more = replace(dataset, num_actions=CHOICES + 2)
    assert np.array_equal(labels_found(dataset), labels_found(with_more))


def test_rotated_choices_are_uncorrelated_with_variance_one():
    random = np.random.default_rng(0)
    probabilities = torch.from_numpy(random.dirichlet(np.ones(4), 500))
    rotation = whitening(probabilities)
    assert rotation.shape == (4, 3)
    np.testing.assert_allclose(information_of(probabilities, rotation).mean(0), np.ones(3), rtol=1e-9)

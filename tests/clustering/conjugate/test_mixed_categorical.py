"""Softmax policies with random effects, for discrete actions in continuous states."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from stages.clustering.conjugate.mixed_categorical import CategoricalMixedPolicies, roots, whitening, widening
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
    return found.labels


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
    root, inverse = roots(probabilities, rotation)
    centred = torch.eye(4, dtype=torch.float64) - probabilities[:, None]  # [steps, choices, choices], minus the mean
    covariance = torch.einsum("tc,tca,tcb->ab", probabilities, centred @ rotation, centred @ rotation) / 500
    np.testing.assert_allclose(covariance, np.eye(3), atol=1e-9)
    np.testing.assert_allclose((root.mT @ root).mean(0), np.eye(3), atol=1e-3)
    np.testing.assert_allclose(inverse @ root.mT, np.eye(3)[None].repeat(500, 0), atol=1e-9)


def test_parabolas_promise_little_more_than_there_is_to_gain():
    probability = torch.from_numpy(np.random.default_rng(0).dirichlet(np.full(3, 0.2), 500)).clamp(min=1e-9)
    actions = torch.eye(3, dtype=torch.float64)
    wider = torch.stack([widening(probability.log(), each.expand(500, 3)) for each in actions], 1)
    np.testing.assert_allclose((wider * probability).sum(1), 1, rtol=1e-6)
    promise = (1 / probability - 1) / 2 / wider
    assert (promise <= 1.3 * -probability.log()).all()
    likely = probability.min(1).values > 0.3
    np.testing.assert_allclose(wider[likely], 1)


def test_parabolas_touch_log_likelihoods_at_the_modes():
    dataset = choosers(1.0).select(np.arange(8))
    policies = CategoricalMixedPolicies(dataset, np.random.default_rng(0), np.arange(8))
    policies.memory = 0.0
    steps, width = policies.steps, policies.steps.inputs.shape[1]
    features = torch.cat([steps.inputs, steps.hidden], 1)
    start, end = dataset.episode_starts[0], dataset.episode_ends[0]

    def log_likelihood(deviation: torch.Tensor) -> torch.Tensor:
        offsets = steps.inputs @ deviation.view(-1, width).T @ policies.rotation.T
        logits = policies.common.logits(features, offsets)
        return (logits * steps.chosen)[start:end].sum()

    precision, moment = policies.measured(dataset)
    mode = torch.linalg.solve(precision[0, 0] + torch.diag(1 / policies.variances[0]), moment[0, 0])
    slope = torch.autograd.functional.jacobian(log_likelihood, mode)
    curvature = torch.autograd.functional.hessian(log_likelihood, mode)
    np.testing.assert_allclose(slope, mode / policies.variances[0], atol=0.05)
    np.testing.assert_allclose(precision[0, 0], -curvature, atol=0.15 * float(curvature.abs().max()))


def test_of_many_coefficients_those_are_kept_in_which_episodes_differ():
    dataset = choosers(1.0)
    idle = np.random.default_rng(2).standard_normal((dataset.num_steps, 120)).astype(np.float32)
    seen = np.hstack([idle, dataset.observations])
    wide = replace(dataset, observations=seen, next_observations=seen)
    policies = CategoricalMixedPolicies(wide, np.random.default_rng(0), np.arange(EPISODES))
    assert policies.precision.shape == (EPISODES, 1, 64, 64)
    assert np.isin(policies.kept % 124, [121, 122, 123]).sum() >= 4  # of six, 64 of all 248 being kept

"""What is peculiar to policies is told apart whatever all of them do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from stages.clustering.conjugate.comparing import partition
from stages.clustering.conjugate.linear import BayesianLinearPolicies
from stages.clustering.conjugate.peculiar import PeculiarLinearPolicies
from stages.datasets.episodes import EpisodeDataset
from stages.diagnosis.clustering_scores import clustering_scores
from stages.training.job import Job
from tests.synthetic import dataset_of

EPISODES, STEPS = 30, 100


def about_waves(size: float) -> EpisodeDataset:
    """Actions ``size sin 2 s`` of all, and ``+-0.15 s^2`` of one or the other policy."""
    random = np.random.default_rng(0)
    truth = random.permutation(np.arange(EPISODES) % 2)
    states = random.uniform(-1, 1, (EPISODES, 1, 3)) + 0.6 * random.standard_normal((EPISODES, STEPS, 3))
    sign = np.where(truth == 0, 0.15, -0.15)[:, None, None]
    actions = size * np.sin(2 * states) + sign * states**2 + 0.1 * random.standard_normal(states.shape)
    flat = states.reshape(-1, 3), actions.reshape(-1, 3), np.zeros(EPISODES * STEPS)
    return dataset_of(*flat, [STEPS] * EPISODES, behaviour_policy=truth)


def policies_of(dataset: EpisodeDataset, family: type[BayesianLinearPolicies]) -> BayesianLinearPolicies:
    found = family(Job(dataset, [0]), 64, np.random.default_rng(0))
    found.temper = 0.25
    return found


def agreement(dataset: EpisodeDataset, family: type[BayesianLinearPolicies]) -> float:
    labels = partition(policies_of(dataset, family), np.arange(EPISODES), 2).labels
    return float(clustering_scores(dataset.behaviour_policy, labels)["ari"])


def test_policies_that_are_mostly_the_same_are_told_apart():
    dataset = about_waves(3.0)
    assert agreement(dataset, PeculiarLinearPolicies) == 1.0
    assert agreement(dataset, BayesianLinearPolicies) < 0.5  # why there is such a family


def test_what_all_do_takes_nothing_from_what_is_left():
    dataset = about_waves(0.0)
    plain = policies_of(dataset, PeculiarLinearPolicies)
    states = dataset.observations.astype(np.float64)
    shifted = policies_of(
        replace(dataset, actions=(dataset.actions + states).astype(np.float32)), PeculiarLinearPolicies
    )
    rows = np.arange(dataset.num_steps)
    left, also = (policies._rows(policies.job.dataset, rows)[1] for policies in (plain, shifted))
    for i in range(3):
        assert np.corrcoef(left[:, i], also[:, i])[0, 1] > 0.98
    torch.testing.assert_close(left.std(0, correction=0), torch.ones(3, dtype=torch.float64))


def test_likelihoods_are_those_of_the_clusters_own_policies():
    dataset = about_waves(3.0)
    policies, truth = policies_of(dataset, PeculiarLinearPolicies), dataset.behaviour_policy
    likelihood = policies.log_likelihood(dataset, policies.total(truth, 2))
    np.testing.assert_array_equal(likelihood.argmax(1).numpy(), truth)

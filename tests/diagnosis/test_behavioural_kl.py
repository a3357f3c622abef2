import numpy as np
import pytest

from stages.diagnosis.behavioural_kl import behavioural_kl, policy_model
from tests.evaluation.walks import random_walks
from tests.synthetic import two_policies

DATASETS = {"discrete": random_walks([[0, 1, 2], [1, 2, 0]]), "continuous": two_policies(episodes=30, steps=60)}


def model_of(dataset):
    return policy_model(dataset, 1.0, 16, np.random.default_rng(0))


@pytest.mark.parametrize("kind", DATASETS)
def test_clusters_that_are_the_policies_are_at_no_distance_from_them(kind):
    dataset = DATASETS[kind]
    truth = dataset.behaviour_policy
    found = behavioural_kl(model_of(dataset), 1 - truth, 2, truth, 2)
    np.testing.assert_allclose(found[[0, 1], [1, 0]], 0, atol=1e-9)
    assert (found.diagonal() > 1).all()


@pytest.mark.parametrize("kind", DATASETS)
def test_mixed_clusters_lie_between_the_policies(kind):
    dataset = DATASETS[kind]
    truth = dataset.behaviour_policy
    mixed = np.where(np.arange(len(truth)) % 2 == 0, truth, 1 - truth)
    found = behavioural_kl(model_of(dataset), mixed, 3, truth, 2)
    apart = behavioural_kl(model_of(dataset), truth, 2, truth, 2)[0, 1]
    assert ((found[:2] > 0.1) & (found[:2] < apart)).all()
    assert np.isnan(found[2]).all()

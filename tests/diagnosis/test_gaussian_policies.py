import numpy as np
import pytest

from stages.diagnosis.features import random_features, standardised
from stages.diagnosis.gaussian_policies import GaussianPolicies
from tests.synthetic import dataset_of, make_episodes, two_policies


def model_of(dataset, waves=16):
    return GaussianPolicies(dataset, waves, np.random.default_rng(0))


def everything(dataset):
    return np.ones(dataset.num_episodes, dtype=bool)


def test_divergence_of_linear_policies_is_the_analytic_one():
    """``a = +-gap s + N(0, 0.2^2)``, s uniform on [-1, 1]^2: KL = sum_i (2 gap)^2 E[s_i^2] / (2 * 0.2^2)."""
    gap = 0.15
    dataset = two_policies(episodes=200, steps=100, gap=gap)
    model = model_of(dataset)
    policies = model.fit(dataset.behaviour_policy, 2, everything(dataset))
    found = model.divergence(policies, policies)
    expected = 2 * (2 * gap) ** 2 / 3 / (2 * 0.2**2)
    assert found[0, 1] == pytest.approx(expected, rel=0.05)
    assert found[1, 0] == pytest.approx(expected, rel=0.05)
    np.testing.assert_allclose(found.diagonal(), 0, atol=1e-9)


def test_divergence_of_spreads_is_the_analytic_one():
    draws = np.random.default_rng(1)
    lengths, spread = [500] * 20, np.repeat([1.0, 2.0], 5000)
    actions = (spread * draws.standard_normal(10_000))[:, None]
    dataset = dataset_of(draws.standard_normal((10_000, 2)), actions, np.zeros(10_000), lengths)
    model = model_of(dataset)
    policies = model.fit(np.repeat([0, 1], 10), 2, everything(dataset))
    found = model.divergence(policies, policies)
    assert found[0, 1] == pytest.approx(np.log(2) + 1 / 8 - 1 / 2, rel=0.1)
    assert found[1, 0] == pytest.approx(-np.log(2) + 4 / 2 - 1 / 2, rel=0.1)


def test_log_likelihood_prefers_the_own_policy():
    dataset = two_policies(episodes=40, steps=50)
    model = model_of(dataset)
    scores = model.log_likelihood(model.fit(dataset.behaviour_policy, 2, everything(dataset)))
    np.testing.assert_array_equal(scores.argmax(axis=1), dataset.behaviour_policy)


def test_a_cluster_without_steps_acts_as_the_dataset_does_on_average():
    dataset = make_episodes([20, 30])
    model = model_of(dataset)
    policies = model.fit(np.array([0, 0]), 2, everything(dataset))
    assert (policies.weights[1] == 0).all() and (policies.variances[1] == 1).all()
    assert np.isnan(model.divergence(policies, policies)[[0, 1, 1], [1, 0, 1]]).all()
    squares = (standardised(dataset.actions) ** 2).sum() + dataset.actions.size * np.log(2 * np.pi)
    assert model.log_likelihood(policies)[:, 1].sum() == pytest.approx(-0.5 * squares)


def test_features_are_a_constant_a_line_and_waves():
    dataset = make_episodes([50], observation=3)
    phi = random_features(dataset, 4000, np.random.default_rng(0))
    assert phi.shape == (50, 1 + 3 + 4000)
    assert (phi[:, 0] == 1).all()
    x = standardised(dataset.observations) / np.sqrt(3)
    np.testing.assert_allclose(phi[:, 1:4], x)
    kernel = np.exp(-0.5 * ((x[:, None] - x) ** 2).sum(axis=-1))
    np.testing.assert_allclose(phi[:, 4:] @ phi[:, 4:].T, kernel, atol=0.1)
    assert random_features(dataset, 0, np.random.default_rng(0)).shape == (50, 4)

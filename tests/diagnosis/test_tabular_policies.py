import numpy as np
import pytest

from stages.diagnosis.tabular_policies import TabularPolicies
from tests.evaluation.walks import random_walks, walks


def everything(dataset):
    return np.ones(dataset.num_episodes, dtype=bool)


def test_tables_are_smoothed_counts():
    dataset = walks([(0, 0), (0, 0)], [(0, 1), (1, 2)], [(1, 2)])
    model = TabularPolicies(dataset, smoothing=0.3)
    tables = model.fit(np.array([0, 0, 1]), 3, everything(dataset))
    np.testing.assert_array_equal(tables.visits, [[3, 1], [0, 1], [0, 0]])
    np.testing.assert_allclose(np.exp(tables.log_probs[0, 0]), np.array([2.1, 1.1, 0.1]) / 3.3)
    np.testing.assert_allclose(np.exp(tables.log_probs[2]), 1 / 3)
    np.testing.assert_allclose(np.exp(tables.log_probs).sum(axis=-1), 1)


def test_episodes_left_out_are_not_counted():
    dataset = walks([(0, 0)], [(0, 1)])
    tables = TabularPolicies(dataset, 1.0).fit(np.zeros(2, dtype=np.int64), 1, np.array([True, False]))
    assert tables.visits.tolist() == [[1]]


def test_log_likelihood_sums_over_each_episode():
    dataset = walks([(0, 0), (1, 2)], [(1, 2)])
    model = TabularPolicies(dataset, 1.0)
    tables = model.fit(np.array([0, 1]), 2, everything(dataset))
    found = model.log_likelihood(tables)
    np.testing.assert_allclose(found[0], [np.log(2 / 3) + np.log(2 / 3), np.log(1 / 3) + np.log(2 / 3)])
    np.testing.assert_allclose(found[1], [np.log(2 / 3), np.log(2 / 3)])


def test_divergence_of_known_distributions():
    """State 0: (3/4, 1/4, 0) against (1/4, 3/4, 0), four visits each; state 1 is visited by the first alone."""
    first = [[(0, a)] for a in (0, 0, 0, 1)] + [[(1, 2)]]
    second = [[(0, a)] for a in (0, 1, 1, 1)]
    dataset = walks(*first, *second)
    model = TabularPolicies(dataset, smoothing=1e-9)
    tables = model.fit(np.array([0] * 5 + [1] * 4), 3, everything(dataset))
    found = model.divergence(tables, tables)
    expected = 0.75 * np.log(3) - 0.25 * np.log(3)
    assert found[0, 1] == pytest.approx(expected)
    assert found[1, 0] == pytest.approx(expected)
    np.testing.assert_allclose(found.diagonal()[:2], 0, atol=1e-12)
    assert np.isnan(found[2]).all() and np.isnan(found[:, 2]).all()


def test_divergence_of_stochastic_policies_tends_to_the_analytic_one():
    dataset = random_walks([[0, 0], [1, 1]], episodes=4000, steps=10, noise=0.3)
    model = TabularPolicies(dataset, 1.0)
    tables = model.fit(dataset.behaviour_policy, 2, everything(dataset))
    p, q = np.array([0.8, 0.1, 0.1]), np.array([0.1, 0.8, 0.1])
    assert model.divergence(tables, tables)[0, 1] == pytest.approx((p * np.log(p / q)).sum(), rel=0.03)

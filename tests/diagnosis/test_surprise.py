import numpy as np
import pytest

from stages.diagnosis.surprise import LARGEST_ERROR, surprise
from tests.synthetic import dataset_of, make_episodes, two_policies


def random():
    return np.random.default_rng(0)


def test_policies_that_differ_surprise_each_other_and_equal_ones_do_not():
    dataset = two_policies(episodes=30, steps=100)
    found, truth = surprise(dataset, 16, 50, random()), dataset.behaviour_policy
    same = truth[:, None] == truth
    assert found[~same].min() > 3
    assert found[same].max() < 1.5
    np.testing.assert_array_equal(found, found.T)
    assert (found.diagonal() == 0).all()


def test_the_surprise_of_one_policy_is_about_one_whatever_its_noise():
    """Stochastic policies: the spread of the actions is part of what is expected."""
    for gap in (0.0, 0.1):
        found = surprise(two_policies(episodes=20, steps=200, gap=gap), 0, 200, random())
        same = ~np.eye(20, dtype=bool)
        if gap == 0.0:
            assert found[same].mean() == pytest.approx(0.95, abs=0.1)
        assert found[same].max() < 2.5


def test_where_an_episode_has_not_been_its_policy_is_not_surprised():
    """Two policies of opposite sign that are each tried far from where the other is."""
    draws = random()
    here, there = draws.normal(-3, 0.05, (60, 1)), draws.normal(3, 0.05, (60, 1))
    apart = dataset_of(np.concatenate([here, there]), np.concatenate([here * 0, here * 0]), np.zeros(120), [60, 60])
    assert surprise(apart, 8, 60, random())[0, 1] < 1.5


def test_order_of_episodes_does_not_matter():
    dataset = make_episodes([30, 40, 50, 20])
    order = np.array([2, 0, 3, 1])
    found = surprise(dataset, 8, 25, random())
    np.testing.assert_allclose(surprise(dataset.select(order), 8, 25, random()), found[np.ix_(order, order)], rtol=1e-6)


def test_degenerate_episodes_are_survived():
    short = surprise(make_episodes([1, 1, 2]), 8, 100, random())
    assert np.isfinite(short).all()
    assert surprise(make_episodes([5]), 8, 100, random()).tolist() == [[0.0]]
    constant = dataset_of(np.zeros((20, 2)), np.repeat([[0.0], [1.0]], 10, axis=0), np.zeros(20), [10, 10])
    assert surprise(constant, 8, 10, random())[0, 1] == pytest.approx(LARGEST_ERROR)

import numpy as np
import pytest

from stages.clustering.filtering.extraction import VALLEYS, accepted, density_valley, polynomial_valley


def two_groups(low: float, high: float, spread: float = 0.02) -> np.ndarray:
    random = np.random.default_rng(0)
    return np.concatenate([random.normal(low, spread, 300), random.normal(high, spread, 200)])


@pytest.mark.parametrize("name", VALLEYS)
def test_the_valley_lies_between_two_groups(name):
    threshold = VALLEYS[name](two_groups(0.3, 0.8))
    assert 0.37 < threshold < 0.75


def test_without_a_valley_everything_is_accepted():
    scores = np.random.default_rng(0).normal(0.8, 0.03, 400)
    threshold = density_valley(scores)
    assert (scores >= threshold).mean() > 0.95
    assert (scores[:50] >= density_valley(scores[:50])).all()


@pytest.mark.parametrize("name", VALLEYS)
@pytest.mark.parametrize("scores", [np.full(5, 0.4), np.array([0.7])])
def test_equal_scores_are_all_accepted(name, scores):
    assert (scores >= VALLEYS[name](scores)).all()


def test_a_valley_of_a_polynomial_above_the_highest_threshold_is_passed_over():
    assert polynomial_valley(two_groups(0.5, 0.999, 0.0003)) <= 0.98


def test_two_of_three_voters_decide():
    scores = np.array([[0.9, 0.9, 0.9, 0.1], [0.9, 0.1, 0.9, 0.1], [0.9, 0.1, 0.1, 0.1]])
    assert accepted(scores, 0.5).tolist() == [True, False, True, False]

import numpy as np
import pytest
from scipy.stats import spearmanr

from stages.evaluation.rank_correlation import rank_correlation

RANDOM = np.random.default_rng(0)


def of(estimates, returns, resamples=500):
    return rank_correlation(estimates, returns, np.random.default_rng(1), resamples)


def test_it_is_spearmans_of_all_seeds():
    estimates = [RANDOM.normal(size=count) for count in (3, 5, 4)]
    returns = [values + RANDOM.normal(size=len(values)) for values in estimates]
    returns[1][:2] = 0.5  # a tie
    found = of(estimates, returns)
    assert found.value == pytest.approx(spearmanr(np.concatenate(estimates), np.concatenate(returns)).statistic)
    assert -1 <= found.low < found.value < found.high <= 1


def test_seeds_that_are_alike_do_not_shorten_the_interval():
    """Ten seeds of four agents say hardly more than one of each."""
    centres, theirs = np.arange(4.0), np.array([0.0, 2.0, 1.0, 3.0])
    near = 1e-3 * RANDOM.normal(size=(2, 4, 10))
    found = of(list(centres[:, None] + near[0]), list(theirs[:, None] + near[1]))
    assert found.value > 0.7 and found.low < 0.5


def test_equal_numbers_have_no_ranks_and_two_agents_no_interval():
    assert np.isnan(of([np.ones(3)] * 3, [np.arange(3.0)] * 3).value)
    found = of([np.array([1.0]), np.array([2.0])], [np.array([5.0]), np.array([7.0])])
    assert found.value == pytest.approx(1) and np.isnan(found.low)

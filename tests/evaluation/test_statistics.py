import numpy as np
import pytest

from stages.evaluation.statistics import (
    bootstrap_interval,
    interquartile_mean,
    mean,
    paired_difference,
    probability_of_improvement,
    stratified_resamples,
    t_interval,
)


def test_interquartile_mean_by_hand():
    assert interquartile_mean(np.array([100.0, 1, 2, 3, 4, 5, 6, -50])) == pytest.approx(3.5)
    assert interquartile_mean(np.array([9.0, 1, 2])) == pytest.approx(4.0), "three values: none is left out"


def test_interquartile_mean_works_along_the_last_axis():
    np.testing.assert_allclose(interquartile_mean(np.array([[0.0, 1, 2, 30], [4, 4, 4, 4]])), [1.5, 4.0])


def test_equal_scores_give_an_interval_of_no_width():
    interval = bootstrap_interval(np.full((5, 3), 7.0), np.random.default_rng(0))
    assert (interval.value, interval.low, interval.high) == (7.0, 7.0, 7.0)


def test_runs_stay_within_their_task():
    scores = np.array([[0.0, 100], [1, 101], [2, 102]])
    drawn = stratified_resamples(scores, 50, np.random.default_rng(1))
    assert drawn[..., 0].max() <= 2 and drawn[..., 1].min() >= 100
    rows = drawn[..., 0] != drawn[..., 1] - 100
    assert rows.any(), "tasks are resampled independently"


def test_interval_of_two_values_by_hand():
    # Means of two draws from {0, 1} are 0, 1/2, 1 with chances 1/4, 1/2, 1/4.
    scores = np.array([[0.0], [1.0]])
    narrow = bootstrap_interval(scores, np.random.default_rng(0), mean, confidence=0.4)
    wide = bootstrap_interval(scores, np.random.default_rng(0), mean)
    assert (narrow.low, narrow.high) == (0.5, 0.5)
    assert (wide.value, wide.low, wide.high) == (0.5, 0.0, 1.0)


def test_intervals_are_repeatable():
    scores = np.random.default_rng(0).normal(size=(10, 2))
    first, again = (bootstrap_interval(scores, np.random.default_rng(3), resamples=500) for _ in range(2))
    assert first == again and first.low < first.value < first.high


def test_probability_of_improvement_by_hand():
    ours, theirs = np.array([[1.0, 5], [3, 5]]), np.array([[2.0, 5]])
    assert probability_of_improvement(ours, theirs) == pytest.approx((0.5 + 0.5) / 2)
    assert probability_of_improvement(ours + 10, theirs) == 1.0


def test_t_interval_by_hand():
    interval = t_interval(np.array([1.0, 2.0, 3.0]))
    half = 4.302652729911275 / np.sqrt(3)
    assert (interval.value, interval.low, interval.high) == pytest.approx((2, 2 - half, 2 + half))
    single, two = t_interval(np.array([1.0])), t_interval(np.array([1.0, 3.0]), mean)
    assert (single.value, two.value) == (1, 2) and np.isnan([single.low, single.high, two.low, two.high]).all()


@pytest.mark.parametrize(("runs", "by_bootstrap"), [(3, 0.74), (5, 0.90)])
def test_t_intervals_of_few_runs_cover_what_bootstrap_intervals_miss(runs, by_bootstrap):
    samples = np.random.default_rng(0).normal(size=(600, runs))

    def coverage(intervals):
        return np.mean([interval.low <= 0 <= interval.high for interval in intervals])

    assert coverage(map(t_interval, samples)) == pytest.approx(0.95, abs=0.03)
    resampled = [bootstrap_interval(row[:, None], np.random.default_rng(1), resamples=300) for row in samples]
    assert coverage(resampled) == pytest.approx(by_bootstrap, abs=0.05)


def test_paired_differences_leave_out_what_runs_share():
    """Seeds of 10, 20 and 60 that the one beats by 1, 2 and 3: mean 2, t_2(.975) = 4.303 times 1 / sqrt(3)."""
    theirs = np.array([10.0, 20.0, 60.0])
    found = paired_difference(theirs + np.array([1.0, 2.0, 3.0]), theirs)
    assert (found.value, found.high - found.value) == pytest.approx((2.0, 4.3027 / np.sqrt(3)), rel=1e-4)
    assert np.isnan(paired_difference(theirs[:2], theirs[:2]).low)

"""Whether linear policies are enough."""

from __future__ import annotations

import pytest
from scipy.stats import norm, t

from stages.clustering.conjugate.linearity import as_if_alone


@pytest.mark.parametrize(("score", "number", "episodes"), [(1.12, 2, 45), (3.71, 7, 16), (-0.5, 3, 40), (2.0, 1, 30)])
def test_the_largest_of_many_scores_is_worth_less(score, number, episodes):
    expected = norm.isf(1 - t.cdf(score, episodes - 1) ** number)
    assert as_if_alone(score, number, episodes) == pytest.approx(expected, abs=1e-6)


def test_one_score_of_many_episodes_is_what_it_is():
    assert as_if_alone(2.0, 1, 100_000) == pytest.approx(2.0, abs=1e-3)


@pytest.mark.parametrize("score", [9.0, 50.0, 1e6])
def test_what_is_clear_stays_clear(score):
    assert as_if_alone(score, 17, 1000) >= 8.0

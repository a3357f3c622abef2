"""What trying policies online would find, against cases that can be reckoned."""

import numpy as np
import pytest

from stages.evaluation.best_found import best_found
from stages.seeding import generator


def found(scores: np.ndarray, pulls: int = 60) -> np.ndarray:
    return best_found(scores, pulls, generator(0, "test"), repeats=2000)


def test_one_policy_is_the_best_from_the_start():
    scores = np.array([[1.0, 5.0, 3.0]])
    assert found(scores).tolist() == pytest.approx([3.0] * 60)


def test_after_one_evaluation_any_policy_may_be_held_best():
    scores = np.array([[10.0] * 5, [20.0] * 5, [60.0] * 5])
    assert found(scores)[0] == pytest.approx(30.0, abs=1.5)


def test_without_noise_each_policy_tried_once_is_enough():
    scores = np.array([[10.0] * 5, [20.0] * 5, [60.0] * 5])
    assert found(scores)[2:].tolist() == pytest.approx([60.0] * 58)


def test_noise_takes_more_evaluations_and_the_best_is_found_in_the_end():
    random = np.random.default_rng(0)
    scores = np.array([[0.0], [1.0], [2.0]]) + 2 * random.standard_normal((3, 200))
    scores += np.array([0.0, 1.0, 2.0])[:, None] - scores.mean(axis=1, keepdims=True)
    curve = found(scores, 400)
    assert curve[0] < curve[10] < curve[399]
    assert curve[399] == pytest.approx(2.0, abs=0.05)


@pytest.mark.parametrize(("scale", "shift"), [(1000.0, 0.0), (1.0, -50.0)])
def test_the_unit_of_scores_does_not_matter(scale, shift):
    scores = np.random.default_rng(0).standard_normal((4, 10))
    np.testing.assert_allclose(found(scale * scores + shift), scale * found(scores) + shift, rtol=1e-9)

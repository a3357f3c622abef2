import numpy as np
import pytest

from stages.embeddings.probing.distances import separation, transport


def normal(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def test_the_best_matching_is_found():
    first = np.array([[0.0], [10.0], [20.0]])
    second = np.array([[21.0], [1.0], [11.0]])
    assert transport(first, second) == 1.0
    assert transport(first, first[::-1]) == 0.0


@pytest.mark.parametrize(("gap", "least", "most"), [(0.0, -0.15, 0.15), (3.0, 0.8, 0.99), (100.0, 0.999, 1.0)])
def test_levels_that_lie_apart_are_separated(gap, least, most):
    levels = np.arange(120) % 3
    embedding = normal(120, 2) + gap * np.stack([levels, levels], axis=1)
    found = separation(embedding, levels, np.random.default_rng(1))
    assert least < found <= most
    assert separation(7 * embedding, levels, np.random.default_rng(1)) == pytest.approx(found)


def test_levels_of_other_sizes_are_compared_by_sets_of_one_size():
    levels = np.array([0] * 200 + [1] * 20)
    assert abs(separation(normal(220, 2), levels, np.random.default_rng(0))) < 0.5


def test_what_has_no_distances_is_not_a_number():
    random = np.random.default_rng(0)
    assert np.isnan(separation(normal(10, 2), np.zeros(10, dtype=int), random))
    assert np.isnan(separation(normal(5, 2), np.array([0, 0, 0, 0, 1]), random))
    assert np.isnan(separation(np.zeros((20, 2)), np.arange(20) % 2, random))

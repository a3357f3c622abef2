from itertools import pairwise

import numpy as np
import pytest

from stages.plotting.paths import runs, simplify, without_padding


def test_points_on_a_line_are_left_out_and_corners_stay():
    path = np.array([[x, 0.0] for x in range(10)] + [[9.0, y] for y in range(1, 10)])
    np.testing.assert_array_equal(simplify(path, 0.01), [[0, 0], [9, 0], [9, 9]])


def test_what_is_left_out_is_within_tolerance():
    random = np.random.default_rng(0)
    path = np.cumsum(random.normal(size=(200, 2)), axis=0)
    kept = simplify(path, 0.5)
    assert len(kept) < len(path)
    for point in path:
        assert min(distance(point, a, b) for a, b in pairwise(kept)) <= 0.5 + 1e-9


def distance(point: np.ndarray, start: np.ndarray, end: np.ndarray) -> float:
    line = end - start
    along = np.clip((point - start) @ line / (line @ line), 0, 1)
    return float(np.linalg.norm(point - start - along * line))


def test_a_path_back_to_its_start_keeps_its_way():
    path = np.array([[0.0, 0], [5, 0], [0, 0]])
    np.testing.assert_array_equal(simplify(path, 0.1), path)


def test_pieces_of_equal_choice_join_up():
    path = np.arange(12, dtype=float).reshape(6, 2)
    pieces = runs(path, np.array([0, 0, 1, 1, 1, 0]))
    assert [choice for choice, _ in pieces] == [0, 1, 0]
    np.testing.assert_array_equal(pieces[0][1][-1], pieces[1][1][0])


def test_short_pieces_take_the_choice_before():
    path = np.zeros((7, 2))
    assert [choice for choice, _ in runs(path, np.array([0, 0, 1, 0, 0, 2, 2]), shortest=2)] == [0, 2]


@pytest.mark.parametrize("choice", [-1, 3])
def test_one_choice_is_one_piece(choice):
    ((only, piece),) = runs(np.zeros((5, 2)), np.full(5, choice), shortest=4)
    assert only == choice and len(piece) == 5


def test_padding_is_taken_off():
    assert len(without_padding(np.array([[0, 0], [1, 1], [np.nan, np.nan]]))) == 2

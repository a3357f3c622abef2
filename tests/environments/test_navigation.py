import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from stages.environments.navigation import Navigation, NavigationSettings

task = Navigation(NavigationSettings())
coordinate = st.floats(0, 30)


@pytest.mark.parametrize(
    ("position", "action", "following", "reward", "terminated"),
    [
        ((1, 1), (0.2, -0.1), (1.2, 0.9), -1, False),
        ((1, 1), (5, -5), (1.2, 0.8), -1, False),
        ((0.1, 29.9), (-0.2, 0.2), (0, 30), -1, False),
        ((20, 10.1), (0, -0.2), (20, 9.9), -2, False),
        ((14.9, 5), (0.1, 0), (15, 5), -2, False),
        ((20, 9.9), (0, 0.2), (20, 10.1), -1, False),
        ((29.9, 29.8), (0.1, 0.15), (30, 29.95), 0, True),
        ((29.8, 29.8), (0.1, 0.1), (29.9, 29.9), -1, False),
    ],
)
def test_a_step_is_the_papers(position, action, following, reward, terminated):
    moved, rewards, ended = task.move(np.array([position], dtype=float), np.array([action], dtype=float))
    np.testing.assert_allclose(moved[0], following, atol=1e-12)
    assert (rewards[0], ended[0]) == (reward, terminated)


@given(st.lists(st.tuples(coordinate, coordinate, st.floats(-9, 9), st.floats(-9, 9)), min_size=1, max_size=20))
def test_points_stay_in_the_square_and_keep_to_the_speed(rows):
    rows = np.array(rows)
    moved, rewards, ended = task.move(rows[:, :2], rows[:, 2:])
    assert ((moved >= 0) & (moved <= 30)).all()
    assert (np.abs(moved - rows[:, :2]) <= 0.2 + 1e-12).all()
    assert np.isin(rewards, (0, -1, -2)).all()
    assert ((rewards == 0) == ended).all()


def test_agents_do_not_see_each_other():
    together = task.reset(5, np.random.default_rng(0))
    actions = np.random.default_rng(1).uniform(-0.2, 0.2, (5, 2))
    moved, rewards, *_ = task.step(actions)
    for i in range(5):
        alone, reward, _ = task.move(together[i : i + 1], actions[i : i + 1])
        np.testing.assert_array_equal(alone[0], moved[i])
        assert reward[0] == rewards[i]


@pytest.mark.parametrize(
    ("settings", "cause"),
    [
        ({"goal": (31, 3)}, "outside the square"),
        ({"penalty_boxes": [(5, 0, 1, 2)]}, "is not .x0, y0, x1, y1."),
        ({"size": -1}, "greater than 0"),
    ],
)
def test_impossible_geometry_is_refused(settings, cause):
    with pytest.raises(ValidationError, match=cause):
        NavigationSettings(**settings)

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from stages.environments.diagonal import Diagonal, DiagonalSettings
from stages.environments.gridworld import DOWN, LEFT, MOVES, RIGHT, STAY, UP
from stages.environments.loading import make

TASKS = ["diagonal", "takeball", "extra"]


def at(*position, slip=0.0):
    """Diagonal with one agent at `position`."""
    task = Diagonal(DiagonalSettings(slip=slip))
    task.reset(1, np.random.default_rng(0))
    task.situation[0] = position
    return task


@pytest.mark.parametrize(
    ("start", "action", "end"),
    [
        ((3, 3), UP, (2, 3)),
        ((3, 3), DOWN, (4, 3)),
        ((3, 3), LEFT, (3, 2)),
        ((3, 3), RIGHT, (3, 4)),
        ((3, 3), STAY, (3, 3)),
        ((1, 4), UP, (1, 4)),
        ((7, 4), DOWN, (7, 4)),
        ((4, 1), LEFT, (4, 1)),
        ((4, 7), RIGHT, (4, 7)),
    ],
)
def test_actions_move_and_the_border_blocks(start, action, end):
    step = at(*start).step(np.array([action]))
    np.testing.assert_array_equal(step.observations, [end])
    assert (step.rewards[0], bool(step.terminated[0])) == (-0.03, False)


@pytest.mark.parametrize(("start", "action"), [((6, 7), DOWN), ((7, 6), RIGHT)])
def test_the_goal_ends_an_episode(start, action):
    step = at(*start).step(np.array([action]))
    assert (step.rewards[0], bool(step.terminated[0])) == (1.0, True)


@pytest.mark.parametrize("slip", [0.3, 0.1, 0.0, 1.0])
def test_slips_are_as_frequent_as_set_and_uniform(slip):
    task, agents = Diagonal(DiagonalSettings(slip=slip)), 50_000
    task.reset(agents, np.random.default_rng(0))
    task.situation[:] = 4
    moves = task.step(np.full(agents, RIGHT)).observations - 4
    counts = [(moves == move).all(axis=1).sum() for move in MOVES]
    expected = agents * np.array([slip / 5 + (1 - slip) * (action == RIGHT) for action in range(5)])
    possible = expected > 0
    assert np.array(counts)[~possible].sum() == 0
    assert not possible.sum() > 1 or chisquare(np.array(counts)[possible], expected[possible]).pvalue > 0.01


def test_starts_of_diagonal_are_uniform():
    starts = Diagonal(DiagonalSettings()).reset(16_000, np.random.default_rng(0)).astype(int)
    assert starts.min() == 1 and starts.max() == 4
    assert chisquare(np.bincount(starts @ [4, 1] - 5, minlength=16)).pvalue > 0.01


def test_slips_come_from_the_generator_of_the_reset():
    task, walks = at(1, 1, slip=0.5), []
    for seed in (0, 0, 1):
        task.reset(64, np.random.default_rng(seed))
        walks.append([task.step(np.full(64, RIGHT)).observations for _ in range(8)])
    np.testing.assert_array_equal(walks[0], walks[1])
    assert not np.array_equal(walks[0], walks[2])


@pytest.mark.parametrize(("name", "pixels"), [("diagonal", 243), ("takeball", 567), ("extra", 196)])
@settings(deadline=None)
@given(seed=st.integers(0, 2**32), steps=st.integers(0, 30))
def test_layers_and_coordinates_show_the_same(name, pixels, seed, steps):
    compact, pictured = make(name), make(name, {"observations": "layers"})
    assert pictured.observation_size == pixels
    coordinates, layers = (task.reset(5, np.random.default_rng(seed)) for task in (compact, pictured))
    for actions in np.random.default_rng(seed).integers(5, size=(steps, 5)):
        coordinates, layers = (task.step(actions).observations for task in (compact, pictured))
    assert coordinates.dtype == layers.dtype == np.float32
    np.testing.assert_array_equal(compact.layers(coordinates), layers)
    np.testing.assert_array_equal(compact.coordinates(layers), coordinates)
    assert set(np.unique(layers)) <= {0, 1}
    assert (coordinates <= compact.observation_high).all()


def test_the_picture_is_rows_by_columns_by_layers():
    task = at(2, 5)
    picture = task.layers(task.situation.astype(np.float32)).reshape(9, 9, 3)
    assert picture[..., 0].sum() == 32 and picture[1:8, 1:8, 0].sum() == 0
    np.testing.assert_array_equal(np.argwhere(picture[..., 1]), [(2, 5)])
    np.testing.assert_array_equal(np.argwhere(picture[..., 2]), [(7, 7)])

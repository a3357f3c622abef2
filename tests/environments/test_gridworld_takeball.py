import numpy as np
import pytest
from scipy.stats import chisquare

from stages.environments.gridworld import DOWN, LEFT, RIGHT, UP
from stages.environments.takeball import HELD, Takeball, TakeballSettings


def walk(actions, column=1, **settings):
    """The last step of an agent that starts in row 7 and the given column and never slips, and its task."""
    task = Takeball(TakeballSettings(slip=0, **settings))
    task.reset(1, np.random.default_rng(0))
    task.situation[0, 1] = column
    for action in actions:
        step = task.step(np.array([action]))
    return step, task


TO_BALL_0 = [UP] * 6
TO_BALL_1 = [RIGHT] * 2 + [UP] * 6


def test_the_first_ball_is_taken_and_all_vanish():
    before, _ = walk([UP] * 5)
    np.testing.assert_array_equal(before.observations, [[2, 1, 1, 3, 5, 7]])
    after, task = walk([*TO_BALL_0, RIGHT, RIGHT])
    np.testing.assert_array_equal(after.observations, [[1, 3, 0, 0, 0, 0]])
    assert task.situation[0, HELD] == 0


@pytest.mark.parametrize(("target", "reward"), [(0, 0.0), (1, 1.0)])
def test_only_the_target_ball_is_rewarded_at_the_goal(target, reward):
    step, _ = walk([*TO_BALL_1, *[DOWN] * 6, *[RIGHT] * 4], target=target)
    assert (step.rewards[0], bool(step.terminated[0])) == (reward, True)


def test_the_goal_without_a_ball_ends_without_reward():
    step, task = walk([RIGHT] * 6)
    assert (step.rewards[0], bool(step.terminated[0]), task.situation[0, HELD]) == (0, True, -1)
    step, _ = walk([RIGHT, UP, LEFT])
    assert (step.rewards[0], bool(step.terminated[0])) == (0, False)


def test_permuted_balls_lie_in_every_order():
    task = Takeball(TakeballSettings(permuted=True, slip=0))
    balls = task.reset(24_000, np.random.default_rng(0))[:, 2:].astype(int)
    np.testing.assert_array_equal(np.sort(balls, axis=1), np.tile([1, 3, 5, 7], (24_000, 1)))
    _, counts = np.unique(balls, axis=0, return_counts=True)
    assert len(counts) == 24 and chisquare(counts).pvalue > 0.01


def test_the_ball_taken_is_the_one_that_lies_there():
    task = Takeball(TakeballSettings(permuted=True, slip=0))
    balls = task.reset(50, np.random.default_rng(0))[:, 2:]
    task.situation[:, :2] = 2, 5
    task.step(np.full(50, UP))
    np.testing.assert_array_equal(task.situation[:, HELD], (balls == 5).argmax(axis=1))


def test_starts_lie_in_the_last_row():
    starts = Takeball(TakeballSettings()).reset(3000, np.random.default_rng(0))
    assert (starts[:, 0] == 7).all()
    assert chisquare(np.bincount(starts[:, 1].astype(int))[1:]).pvalue > 0.01

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.environments.extra import AGENT_AT, GOAL_AT, OBSTACLES, REACHED, SPECIALS, Extra, ExtraSettings
from stages.environments.gridworld import DOWN, LEFT, RIGHT, STAY, UP


def laid_out(agent=(1, 1), goal=(5, 5), specials=((1, 2), (3, 3)), obstacles=((2, 1),), **settings):
    """A task with one agent and everything where it is said to be."""
    task = Extra(ExtraSettings(**{"slip": 0, **settings}))
    task.reset(1, np.random.default_rng(0))
    situation = task.situation[0]
    situation[AGENT_AT], situation[GOAL_AT], situation[SPECIALS] = agent, goal, np.ravel(specials)
    situation[OBSTACLES] = 0
    situation[18 - 2 * len(obstacles) : 18] = np.ravel(obstacles)
    return task


@settings(deadline=None)
@given(st.integers(0, 2**32))
def test_everything_has_its_own_cell_and_obstacles_keep_away(seed):
    task = Extra(ExtraSettings())
    task.reset(20, np.random.default_rng(seed))
    things = task.situation[:, : OBSTACLES.stop].reshape(20, -1, 2)
    for thing in things:
        kept, obstacles = thing[:4], thing[4:][thing[4:].any(axis=1)]
        everything = np.concatenate([kept, obstacles])
        assert len(np.unique(everything, axis=0)) == len(everything)
        assert everything.min() >= 1 and everything.max() <= 5
        assert np.abs(obstacles[:, None] - kept).sum(axis=2).min(initial=9) > 1
    assert (task.situation[:, REACHED] == 0).all()


def test_obstacles_block():
    np.testing.assert_array_equal(laid_out().step(np.array([DOWN])).observations[0, AGENT_AT], [1, 1])


@pytest.mark.parametrize(("special_reward", "scale"), [(10.0, 30.0), (-10.0, 10.0), (0.0, 10.0)])
def test_the_first_visit_to_a_special_cell_is_rewarded(special_reward, scale):
    task = laid_out(special_reward=special_reward)
    rewards = [task.step(np.array([action])).rewards[0] for action in (RIGHT, STAY, LEFT, RIGHT)]
    np.testing.assert_allclose(np.multiply(rewards, scale), [special_reward - 0.3, -0.3, -0.3, -0.3])


def test_the_largest_return_is_one():
    task = laid_out(agent=(4, 4), specials=((4, 5), (3, 5)), goal=(2, 5), obstacles=())
    assert sum(task.step(np.array([action])).rewards[0] for action in (RIGHT, UP, UP)) == pytest.approx(29.4 / 30)


def test_the_goal_ends_an_episode():
    step = laid_out(agent=(5, 4), special_reward=0.0).step(np.array([RIGHT]))
    assert (step.rewards[0], bool(step.terminated[0])) == (1.0, True)


def test_visits_are_not_shown():
    task = laid_out()
    before = task.step(np.array([RIGHT])).observations
    task.situation[:, REACHED] = 0
    np.testing.assert_array_equal(task.step(np.array([STAY])).observations, before)

import numpy as np
import pytest

from stages.environments.loading import make
from stages.environments.navigation import Navigation, NavigationSettings
from stages.errors import UserError
from stages.evaluation.rollouts import roll_out
from tests.evaluation.agents import Countdown, Diagonal, Still, random_walkers

LIMITS = (10.0, 40.0)


def task(steps: int = 30) -> Navigation:
    return Navigation(NavigationSettings(max_episode_steps=steps))


def safe_navigation():
    return make("safe_navigation")


def test_only_steps_before_the_end_of_an_episode_count():
    Countdown.closed = 0
    found = roll_out(Countdown, Still(2), [0, 1], episodes=6)
    assert found.returns.tolist() == [[[-1.0, -2, -3, -4, -4, -4]]] * 2
    assert found.lengths.tolist() == [[[1, 2, 3, 4, 4, 4]]] * 2
    assert found.terminated.tolist() == [[[True, True, True, True, False, False]]] * 2
    assert (found.costs == 0).all()
    assert Countdown.closed == 2


def test_it_stops_when_all_have_ended():
    found = roll_out(Countdown, Still(1), [0], episodes=2, drawn=2)
    assert found.choices.shape == (1, 1, 2, 2)


def test_agents_begin_once_and_then_act_and_observe_in_turns():
    agent = Still(1)
    roll_out(Countdown, agent, [0], episodes=6)
    assert agent.events == ["begin", *["act", "observe"] * 4]
    assert agent.conditions.limits is None
    assert agent.conditions.clusters is None


def test_all_agents_are_told_the_cluster_to_follow():
    agent = Still(2)
    roll_out(Countdown, agent, [0, 1], episodes=2, cluster=3)
    assert agent.conditions.clusters.tolist() == [3] * 4


def test_agents_of_other_seeds_are_refused():
    with pytest.raises(UserError, match="of 2 seeds, not of 1"):
        roll_out(Countdown, Still(2), [0], episodes=1)


@pytest.mark.parametrize("sample", [False, True])
def test_a_seed_is_evaluated_the_same_alone_and_in_a_block(sample):
    block = roll_out(task, random_walkers([4, 0, 7]), [4, 0, 7], episodes=5, drawn=5, sample=sample)
    alone = roll_out(task, random_walkers([7]), [7], episodes=5, drawn=5, sample=sample)
    np.testing.assert_allclose(block.paths[2:], alone.paths, atol=1e-5)
    np.testing.assert_array_equal(block.returns[2:], alone.returns)
    assert not np.allclose(block.paths[0], block.paths[2])


def test_sampling_differs_from_the_mean_and_between_seeds():
    mean = roll_out(task, random_walkers([0]), [0], episodes=2, drawn=2)
    sampled = roll_out(task, random_walkers([0]), [0], episodes=2, drawn=2, sample=True)
    np.testing.assert_array_equal(mean.paths[:, :, :, 0], sampled.paths[:, :, :, 0])
    assert not np.allclose(mean.paths, sampled.paths)


def test_every_seed_acts_under_every_limit():
    agent = Diagonal()
    done = roll_out(safe_navigation, agent, [0, 1], episodes=3, limits=LIMITS, drawn=2)
    assert done.returns.shape == done.costs.shape == (2, 2, 3)
    assert agent.conditions.seed_index.tolist() == [0] * 6 + [1] * 6
    assert agent.conditions.limits.tolist() == ([10.0] * 3 + [40.0] * 3) * 2
    assert (done.lengths[:, 0] == 300).all()
    assert not done.terminated[:, 0].any()
    assert (done.costs[:, 0] == 0).all()
    assert done.terminated[:, 1].all()
    assert (done.costs[:, 1] > 40).all()
    np.testing.assert_array_equal(done.returns[:, 1], 1 - done.lengths[:, 1])
    assert done.paths.shape == (2, 2, 2, 300, 2)
    assert np.isnan(done.paths[:, 1, :, -1]).all()
    costs = sum(costs for _, costs in agent.observed[:90])
    assert costs.view(2, 2, 3)[0, 1, 0].item() == done.costs[0, 1, 0]


def test_starts_are_those_of_the_seed_under_every_limit():
    block = roll_out(safe_navigation, Diagonal(), [0, 1], episodes=3, limits=LIMITS, drawn=3)
    alone = roll_out(safe_navigation, Diagonal(1), [1], episodes=3, limits=LIMITS[1:], drawn=3)
    np.testing.assert_array_equal(block.paths[:, 0, :, 0], block.paths[:, 1, :, 0])
    np.testing.assert_array_equal(block.costs[1, 1], alone.costs[0, 0])

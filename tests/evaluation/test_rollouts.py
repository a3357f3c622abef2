import numpy as np
import pytest
import torch
from pydantic import ValidationError

from stages.agents.agents import Agent, NetworkAgent, StitchedAgent
from stages.environments.base import Step, VectorEnvironment
from stages.environments.navigation import Navigation, NavigationSettings
from stages.evaluation.rollouts import EvaluationSettings, evaluate, roll_out
from stages.networks.ensemble import Ensemble
from stages.networks.normaliser import Normaliser
from stages.seeding import generators

ONES = Normaliser(torch.zeros(2), torch.full((2,), 10.0), torch.zeros(2), torch.full((2,), 0.2))


class Countdown(VectorEnvironment):
    """Agent i counts down from i + 1, one a step; its episode ends at 0, and after that each step pays 1000."""

    observation_low, observation_high = np.zeros(1), np.full(1, 100.0)
    action_low, action_high = -np.ones(1), np.ones(1)
    max_episode_steps = 4
    closed = 0

    def reset(self, num_agents, generator):
        self.left = np.arange(1.0, num_agents + 1)
        return self.left[:, None].copy()

    def step(self, actions):
        rewards = np.where(self.left > 0, -1.0, 1000.0)
        self.left = self.left - 1
        return Step(self.left[:, None].copy(), rewards, self.left == 0)

    def close(self):
        Countdown.closed += 1


class Still(Agent):
    """Does nothing."""

    def __init__(self, num_seeds: int, action_size: int = 1) -> None:
        self.num_seeds, self.action_size = num_seeds, action_size

    def act(self, observations, noise):
        shape = observations.shape[:2]
        return torch.zeros(*shape, self.action_size), torch.full(shape, -1)


def test_only_steps_before_the_end_of_an_episode_count():
    Countdown.closed = 0
    found = roll_out(Countdown, Still(2), [0, 1], episodes=6)
    assert found.returns.tolist() == [[-1.0, -2, -3, -4, -4, -4]] * 2
    assert found.lengths.tolist() == [[1, 2, 3, 4, 4, 4]] * 2
    assert found.terminated.tolist() == [[True, True, True, True, False, False]] * 2
    assert Countdown.closed == 2


def test_it_stops_when_all_have_ended():
    found = roll_out(Countdown, Still(1), [0], episodes=2, drawn=2)
    assert found.choices.shape == (1, 2, 2)


def random_walkers(seeds: list[int]) -> NetworkAgent:
    policy = Ensemble((2, 8, 4), len(seeds))
    return NetworkAgent(policy, policy.initialise(generators(seeds, "policy")), ONES, squashed=False)


def task(steps: int = 30) -> Navigation:
    return Navigation(NavigationSettings(max_episode_steps=steps))


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
    np.testing.assert_array_equal(mean.paths[:, :, 0], sampled.paths[:, :, 0])
    assert not np.allclose(mean.paths, sampled.paths)


def test_paths_and_choices_end_with_their_episode():
    class Plane(Countdown):
        observation_low, observation_high = np.zeros(2), np.full(2, 100.0)

        def reset(self, num_agents, generator):
            return np.repeat(super().reset(num_agents, generator), 2, axis=1)

        def step(self, actions):
            step = super().step(actions)
            return step._replace(observations=np.repeat(step.observations, 2, axis=1))

    class First(Still):
        num_clusters = 0

        def act(self, observations, noise):
            actions, chosen = super().act(observations, noise)
            return actions, chosen + 1

    found = evaluate(Plane, First(1), [3], EvaluationSettings(episodes=3, drawn=2))
    assert found["seeds"].tolist() == [3]
    np.testing.assert_array_equal(found["paths"][0, :, :, 0], [[1, np.nan, np.nan], [2, 1, np.nan]])
    assert found["choices"].tolist() == [[[0, -1, -1], [0, 0, -1]]]
    assert found["returns"].shape == (1, 3)
    assert found["cluster_returns"].shape == (1, 0, 0)


def test_nothing_is_drawn_where_observations_are_no_positions():
    found = evaluate(Countdown, Still(2), [0, 1], EvaluationSettings(episodes=3))
    assert found["paths"].shape == (2, 0, 0, 2)
    assert found["choices"].shape == (2, 0, 0)


def stitched() -> StitchedAgent:
    """Cluster 0 walks to the upper right, cluster 1 stays; the high-level policy prefers cluster 1."""
    policies, heads = Ensemble((2, 4), 1, 2), Ensemble((2, 2))
    parameters, values = torch.zeros(policies.num_parameters), torch.zeros(heads.num_parameters)
    policies.views(parameters)[1][0, 0] = torch.tensor([1.0, 1.0, -5.0, -5.0])
    heads.views(values)[1][0, 0] = torch.tensor([0.0, 1.0])
    return StitchedAgent(policies, parameters, heads, torch.zeros_like(values), ONES, 5.0, heads, values)


def test_each_cluster_is_also_run_alone():
    found = evaluate(lambda: task(250), stitched(), [0], EvaluationSettings(episodes=4))
    assert found["cluster_returns"].shape == (1, 2, 4)
    assert found["terminated"].sum() == 0
    assert (found["choices"] == 1).all()
    np.testing.assert_array_equal(found["returns"][0], found["cluster_returns"][0, 1])
    assert (found["cluster_returns"][0, 0] > -160).all()
    assert (found["cluster_returns"][0, 1] == -250).all()


def test_runs_of_single_clusters_can_be_left_out():
    settings = EvaluationSettings(episodes=2, cluster_returns=False)
    assert evaluate(lambda: task(5), stitched(), [0], settings)["cluster_returns"].shape == (1, 0, 0)


def test_a_ratio_that_allows_no_cluster_is_refused():
    with pytest.raises(ValidationError, match="in_distribution_ratio"):
        EvaluationSettings(in_distribution_ratio=0.5)

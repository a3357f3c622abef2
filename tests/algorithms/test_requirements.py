from dataclasses import replace

import numpy as np
import pytest

from stages.algorithms import ALGORITHMS
from stages.algorithms.contract import train_offline
from stages.errors import UserError
from stages.training.job import Job
from tests.synthetic import dataset_of, two_policies

CLONING = {"bc", "percent_bc", "steady_bc", "decision_transformer"}


def refusal(dataset, method: str) -> str:
    with pytest.raises(UserError) as error:
        train_offline(Job(dataset, [0]), ALGORITHMS.choose({"method": method}))
    return str(error.value)


@pytest.mark.parametrize("method", ALGORITHMS.names())
def test_discrete_actions_are_refused(method):
    dataset = replace(two_policies(episodes=4, steps=5), actions=np.zeros(20, dtype=np.int64), num_actions=3)
    assert refusal(dataset, method).startswith(
        f"{method} needs actions that are vectors, the dataset's are 3 to choose"
    )


@pytest.mark.parametrize("method", sorted(set(ALGORITHMS.names()) - CLONING))
@pytest.mark.parametrize("reward", [0.0, 2.0])
def test_equal_rewards_are_refused(method, reward):
    observations = np.arange(20.0)[:, None]
    cut = dataset_of(observations, observations, np.full(20, reward), [10, 10], [True, True])
    assert refusal(cut, method).startswith(f"all rewards are {reward:g}, so no policy is better than another")


def test_equal_rewards_until_the_end_say_that_it_should_come_soon_or_late():
    observations = np.arange(20.0)[:, None]
    ended = dataset_of(observations, observations, np.full(20, -1.0), [5, 15])
    train_offline(Job(ended, [0]), ALGORITHMS.choose({"method": "td3_bc", "num_steps": 1}))


def test_equal_returns_have_no_range_to_scale_by():
    observations = np.arange(20.0)[:, None]
    equal = dataset_of(observations, observations, np.tile([0.0, 1.0], 10), [10, 10])
    assert refusal(equal, "iql").startswith("reward_scale: range needs episodes of different returns, all have 5")


def test_steps_that_nothing_follows_are_refused_where_next_actions_are_needed():
    observations = np.arange(4.0)[:, None]
    single = dataset_of(observations, observations, np.arange(4.0), [1] * 4, [True] * 4)
    assert refusal(single, "onestep").startswith("no step is followed by another")

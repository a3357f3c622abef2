import numpy as np
import pytest
import torch

from stages.agents.contract import Conditions
from stages.agents.network import NetworkAgent
from stages.algorithms import ALGORITHMS
from stages.algorithms.behaviour_cloning import BehaviourCloning, BehaviourCloningSettings
from stages.algorithms.contract import train_offline
from stages.networks import gaussian
from stages.training.job import Job
from tests.synthetic import dataset_of, two_policies

# The least that makes sense, for the tests that every method has to pass.
SMALLEST = [
    BehaviourCloningSettings(hidden_sizes=(16, 16), batch_size=50, num_steps=40, learning_rate=0.003),
]

QUICK = {"method": "bc", "hidden_sizes": [16], "learning_rate": 0.01, "num_steps": 500, "batch_size": 128}


def cloned(dataset, seeds=(0, 1)) -> NetworkAgent:
    made = train_offline(Job(dataset, list(seeds)), ALGORITHMS.choose(QUICK))
    made.metadata["seeds"] = list(seeds)
    return NetworkAgent.load(made)


def test_it_learns_mean_and_spread_of_the_policy():
    random = np.random.default_rng(0)
    observations = random.uniform(-1, 1, (2000, 1))
    actions = 3 * observations + 5 + 0.5 * random.standard_normal((2000, 1))
    agent = cloned(dataset_of(observations, actions, np.zeros(2000), [100] * 20))
    states = torch.tensor([[-0.5], [0.0], [0.5]]).repeat(2, 1)
    agent.begin(Conditions(torch.arange(2).repeat_interleave(3)))
    means = agent.act(states)
    torch.testing.assert_close(means, 3 * states + 5, atol=0.3, rtol=0)
    spread = agent.act(states, torch.ones(6, 1)) - means
    torch.testing.assert_close(spread, torch.full((6, 1), 0.5), atol=0.08, rtol=0)


def test_of_two_conflicting_behaviours_it_is_the_average():
    agent = cloned(two_policies(gap=0.8))
    agent.begin(Conditions(torch.tensor([0, 0, 1, 1])))
    assert agent.act(torch.tensor([[0.7, 0.7], [-0.7, 0.2]]).repeat(2, 1)).abs().max() < 0.2


def test_loss_is_the_negative_log_likelihood():
    job = Job(two_policies(episodes=4, steps=5), [0, 1])
    learner = BehaviourCloning(job, BehaviourCloningSettings(hidden_sizes=(8,)))
    batch = learner.rows.gather(torch.arange(20).expand(2, -1))
    expected = -gaussian.log_prob(learner.actor(batch["observations"]), batch["actions"]).detach()[:, 0].mean(-1)
    found = learner.fit(batch)["actor"]
    assert found.shape == (2,)
    assert found.tolist() == pytest.approx(expected.tolist())

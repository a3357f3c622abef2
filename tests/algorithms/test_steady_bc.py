import numpy as np
import torch

from stages.algorithms.steady_bc import SteadyBc
from stages.cloning.steady import SteadySettings
from stages.training.job import Job
from stages.training.loop import Loop
from tests.algorithms.bandits import mean_actions, trained
from tests.synthetic import dataset_of, two_policies

SMALLEST = [SteadySettings(hidden_sizes=(16, 16), batch_size=50, num_steps=40, learning_rate=0.003)]
QUICK = {"hidden_sizes": [16], "batch_size": 64, "learning_rate": 0.01, "check_every": 50}


def line(lengths: list[int]):
    """Episodes of the policy ``a = 0.5 + 0.3 s`` with a little noise."""
    random = np.random.default_rng(0)
    observations = random.uniform(-1, 1, (sum(lengths), 1))
    actions = 0.5 + 0.3 * observations + 0.05 * random.standard_normal((sum(lengths), 1))
    return dataset_of(observations, actions, np.zeros(len(actions)), lengths)


def test_it_learns_the_policy_of_the_data():
    made = trained(line([30] * 20), "steady_bc", **QUICK, num_steps=600, average_decay=0.98)
    np.testing.assert_allclose(mean_actions(made), 0.5, atol=0.03)


def test_a_single_episode_suffices():
    made = trained(line([600]), "steady_bc", **QUICK, num_steps=600, average_decay=0.98)
    np.testing.assert_allclose(mean_actions(made), 0.5, atol=0.03)


def test_it_stops_by_itself_and_acts_by_what_was_kept():
    settings = SteadySettings(**QUICK, num_steps=5000, patience=2)
    learner = SteadyBc(Job(two_policies(episodes=10, steps=12), [0, 1]), settings)
    loop = Loop(learner, learner.rows, learner.draws())
    loop.run(settings.num_steps)
    assert loop.step < settings.num_steps
    assert learner.finished()
    assert torch.equal(learner.policy_parameters(), learner.cloning.kept.parameters)

import numpy as np
import pytest
import torch

from stages.algorithms.percent_bc import PercentBc, PercentBcSettings, best_episodes
from stages.errors import UserError
from stages.training.job import Job
from tests.algorithms.bandits import SEEDS, mean_actions, trained
from tests.synthetic import dataset_of

SMALLEST = [PercentBcSettings(hidden_sizes=(16, 16), batch_size=50, num_steps=40, learning_rate=0.003)]


def good_and_bad(good: int = 3, bad: int = 17, steps: int = 20):
    """Good episodes take the action 0.6 and earn, bad ones take -0.6 and do not."""
    random = np.random.default_rng(0)
    taken = np.repeat(np.where(np.arange(good + bad) % ((good + bad) // good) == 0, 0.6, -0.6)[: good + bad], steps)
    actions = taken[:, None] + 0.05 * random.standard_normal((len(taken), 1))
    return dataset_of(random.uniform(-1, 1, actions.shape), actions, (taken > 0) * 1.0, [steps] * (good + bad))


def test_it_clones_the_best_episodes_alone():
    quick = {"hidden_sizes": [16], "learning_rate": 0.01, "num_steps": 300, "batch_size": 128}
    np.testing.assert_allclose(mean_actions(trained(good_and_bad(), "percent_bc", **quick)), 0.6, atol=0.05)
    everything = trained(good_and_bad(), "percent_bc", share=1.0, **quick)
    assert (mean_actions(everything) < 0).all()


def test_rows_are_those_of_whole_episodes():
    dataset = good_and_bad()
    learner = PercentBc(Job(dataset, SEEDS), PercentBcSettings(share=0.1, hidden_sizes=(8,)))
    assert len(learner.rows) == 2 * 20
    kept = best_episodes(dataset.episode_returns, 0.1)
    expected = learner.job.actions[np.isin(dataset.episode_of_step, kept)]
    torch.testing.assert_close(learner.rows.chunk(0, 40)["actions"][0, 0], expected)


def test_of_equal_returns_the_earlier_are_kept_and_at_least_one():
    assert best_episodes(np.array([1.0, 3.0, 2.0, 3.0, 3.0]), 0.5).tolist() == [1, 3]
    assert best_episodes(np.array([1.0, 3.0, 2.0]), 0.1).tolist() == [1]


def test_equal_returns_are_refused():
    dataset = dataset_of(np.zeros((6, 1)), np.arange(6.0)[:, None], np.ones(6), [3, 3])
    with pytest.raises(UserError, match="percent_bc needs episodes of different returns, all have 3"):
        PercentBc(Job(dataset, SEEDS), PercentBcSettings())

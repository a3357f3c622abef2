import numpy as np
import pytest

from stages.clustering.filtering.seeds import CORE, average_actions, densest
from stages.training.job import Job
from tests.clustering.discrete_policies import discrete_policies
from tests.synthetic import make_episodes


def test_actions_are_scaled_before_they_are_averaged():
    dataset = make_episodes([2, 3])
    job = Job(dataset, [0])
    actions = job.actions.numpy()
    scaled = actions / np.abs(actions).sum(1, keepdims=True)
    expected = np.stack([scaled[:2].mean(0), scaled[2:].mean(0)])
    assert average_actions(job, dataset) == pytest.approx(expected, abs=1e-6)


def test_discrete_actions_give_frequencies():
    dataset = discrete_policies(episodes=3, steps=8)
    found = average_actions(Job(dataset, [0]), dataset)
    assert found == pytest.approx(np.stack([np.bincount(a, minlength=3) / 8 for a in dataset.actions.reshape(3, 8)]))


def crowd(tight: int = 60, loose: int = 240) -> np.ndarray:
    random = np.random.default_rng(0)
    return np.concatenate([5 + 0.1 * random.standard_normal((tight, 2)), 2 * random.standard_normal((loose, 2))])


@pytest.mark.parametrize("seed", range(5))
def test_the_densest_group_is_the_start(seed):
    chosen = densest(crowd(), np.arange(300), np.random.default_rng(seed))
    assert len(chosen) == 12  # 4 % of 300
    assert (chosen < 60).all()


def test_only_what_remains_is_chosen():
    remaining = np.arange(60, 300)
    chosen = densest(crowd(), remaining, np.random.default_rng(0))
    assert set(chosen) <= set(remaining)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_few_episodes(count):
    chosen = densest(np.zeros((count, 2)), np.arange(count), np.random.default_rng(0))
    assert len(chosen) == min(CORE, count)

import numpy as np
import pytest
import torch

from stages.clustering.alternation.held_out import crossed, halved, judge_by_held_out, kept_aside, occurring
from stages.clustering.alternation.merging import Level
from stages.clustering.alternation.pg_settings import PgKmeansSettings
from stages.datasets.episodes import EpisodeDataset
from stages.training.job import Job
from tests.synthetic import make_episodes, two_policies


def level(alive: list[int], renaming: list[int]) -> Level:
    return Level(alive, np.array(renaming), 0.0)


TRACE = [level([0, 1, 3], [0, 1, 2, 3]), level([0, 3], [0, 3, 2, 3]), level([3], [3, 3, 2, 3])]


def test_clusters_that_occur_are_named_once():
    assert occurring(TRACE) == [[0], [1], [3], [1, 3], [0, 1, 3]]


def test_halves_are_even_and_odd_steps():
    dataset = make_episodes([5, 2, 3])
    found = halved(dataset)
    assert found.episode_lengths.tolist() == [3, 2, 1, 1, 2, 1]
    np.testing.assert_array_equal(found.observations[:3], dataset.observations[[0, 2, 4]])
    np.testing.assert_array_equal(found.actions[3:5], dataset.actions[[1, 3]])
    np.testing.assert_array_equal(found.actions[5:7], dataset.actions[[5, 6]])


def test_each_half_is_scored_by_the_cluster_of_the_other():
    scores = -torch.tensor([[1.0, 5.0], [6.0, 2.0], [3.0, 4.0], [1.0, 2.0]])
    assert crossed(scores) == -(5.0 + 6.0) - (3.0 + 1.0)


def test_some_of_the_episodes_that_take_part_are_kept_aside():
    dataset = make_episodes([1, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4])
    weights = torch.ones(12, dtype=torch.float64)
    weights[3] = 0
    aside = kept_aside(dataset, weights)
    assert len(aside) == 3
    assert not {0, 3} & set(aside.tolist())
    assert len(kept_aside(make_episodes([1, 1]), torch.ones(2, dtype=torch.float64))) == 0


def criteria(dataset: EpisodeDataset, num_seeds: int = 3) -> np.ndarray:
    """Of a cluster too many, the true ones, and all in one, ``[3, seeds]``."""
    truth = torch.from_numpy(dataset.behaviour_policy)
    labels = torch.where(truth == 0, 0, 1 + 2 * (torch.arange(60) % 2)).expand(num_seeds, -1)
    traces = [[level(choice.alive, choice.renaming) for choice in TRACE] for _ in range(num_seeds)]
    settings = PgKmeansSettings(hidden_sizes=(16,), batch_size=64, learning_rate=0.01, held_out_steps=300)
    judge_by_held_out(Job(dataset, range(num_seeds)), settings, labels, torch.ones(60, dtype=torch.float64), traces)
    return np.array([[choice.criterion for choice in trace] for trace in traces]).T


def test_true_clusters_predict_best():
    """Merged ones are worse each time, split ones on average, by 6 to 11: some episodes suit them by chance."""
    split, true, merged = np.concatenate([criteria(two_policies(60, seed=seed)) for seed in range(6)], axis=1)
    assert (true > merged).all()
    assert (true - split).mean() > 2
    assert np.isfinite([split, true, merged]).all()


def test_a_single_cluster_needs_no_criterion():
    trace = [level([0], [0])]
    judge_by_held_out(
        Job(two_policies(), [0]), PgKmeansSettings(), torch.zeros(1, 40, dtype=torch.int64),
        torch.ones(40, dtype=torch.float64), [trace],
    )  # fmt: skip
    assert trace[0].criterion != pytest.approx(0.0)

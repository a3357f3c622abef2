import numpy as np

from stages.diagnosis.ambiguity import ambiguous
from stages.diagnosis.behavioural_kl import policy_model
from tests.evaluation.walks import random_walks, walks
from tests.synthetic import two_policies


def found_in(dataset, labels, num_clusters, folds=5):
    model = policy_model(dataset, 1.0, 16, np.random.default_rng(0))
    return ambiguous(model, labels, num_clusters, folds, np.random.default_rng(1))


def test_for_deterministic_policies_these_are_the_episodes_without_conflict():
    """The policies agree in state 0 and differ in state 1; episodes that see only state 0 fit both."""
    dataset = random_walks([[0, 1], [0, 2]], episodes=400, steps=3)
    only_zero = np.logical_and.reduceat(dataset.observations[:, 0] == 0, dataset.episode_starts)
    assert 20 < only_zero.sum() < 100
    np.testing.assert_array_equal(found_in(dataset, dataset.behaviour_policy, 2), only_zero)


def test_a_policy_that_was_split_in_two_is_ambiguous():
    dataset = random_walks([[0, 1, 2]], episodes=100)
    assert found_in(dataset, np.arange(100) % 2, 2).mean() > 0.9


def test_random_clusters_are_ambiguous_and_true_ones_are_not():
    dataset = two_policies(episodes=60, steps=5)
    random = np.random.default_rng(0).integers(0, 2, 60)
    assert found_in(dataset, dataset.behaviour_policy, 2).mean() < 0.2
    assert found_in(dataset, random, 2).mean() > 0.5


def test_one_cluster_is_never_ambiguous():
    dataset = walks([(0, 0)], [(0, 1)], [(0, 0)])
    assert not found_in(dataset, np.full(3, 1), 4, folds=2).any()


def test_numbers_of_clusters_do_not_matter():
    dataset = random_walks([[0, 1], [0, 2], [1, 1]], episodes=90, steps=3, noise=0.1)
    renumbered = np.array([3, 0, 2])[dataset.behaviour_policy]
    first, second = found_in(dataset, dataset.behaviour_policy, 3), found_in(dataset, renumbered, 4)
    np.testing.assert_array_equal(first, second)

import numpy as np
import pytest

from stages.clustering.alternation.merging import ByCounts, ByScores, merge
from stages.clustering.alternation.state_action_counts import StateActionCounts
from tests.clustering.tables import table_dataset


def by_counts(clusters: int = 5, smoothing: float = 0.1) -> ByCounts:
    dataset = table_dataset()
    table, labels = StateActionCounts(dataset, smoothing), np.arange(40) % clusters
    return ByCounts(table, table.by_cluster(labels, clusters, np.ones(40)), np.bincount(labels, minlength=clusters))


def test_cheapest_pair_is_joined_first_and_its_policy_stays():
    transfer = np.array([[-1.0, -9.0, -3.0], [-8.0, -2.0, -9.0], [-2.5, -9.0, -1.0]])
    first, second, third = merge(ByScores(transfer, np.array([5, 5, 5])))
    assert first.score == -4.0
    assert first.alive == [0, 1, 2]
    assert second.alive == [0, 1]
    assert second.renaming.tolist() == [0, 1, 0]
    assert second.score == pytest.approx(-1.0 - 2.5 - 2.0)
    assert third.alive == [0]
    assert third.score == pytest.approx(-1.0 - 2.5 - 8.0)


def test_empty_clusters_are_not_there():
    transfer = -np.ones((4, 4)) + np.eye(4)
    levels = merge(ByScores(transfer, np.array([3, 0, 2, 0])))
    assert levels[0].alive == [0, 2]
    assert [len(level.alive) for level in levels] == [2, 1]
    assert levels[-1].renaming[[1, 3]].tolist() == [1, 3]


def test_what_is_merged_is_not_changed_in_the_caller():
    transfer = -np.arange(9.0).reshape(3, 3)
    before = transfer.copy()
    merge(ByScores(transfer, np.array([1, 1, 1])))
    np.testing.assert_array_equal(transfer, before)


def test_costs_of_counts_are_the_loss_of_likelihood_of_fitting_anew():
    clusters = by_counts()
    before, costs = clusters.score(), clusters.costs()
    assert np.isnan(costs.diagonal()).all()
    for leaving in range(5):
        for into in range(leaving):
            joined = by_counts()
            joined.join(leaving, into)
            assert costs[leaving, into] == pytest.approx(before - joined.score())


def test_scores_fall_with_every_merge_and_sizes_are_kept():
    clusters = by_counts(smoothing=1e-6)
    levels = merge(clusters)
    assert [len(level.alive) for level in levels] == [5, 4, 3, 2, 1]
    assert (np.diff([level.score for level in levels]) <= 1e-9).all()
    assert clusters.sizes[clusters.alive].sum() == 40


def test_a_single_cluster_is_one_level():
    assert len(merge(by_counts(clusters=1))) == 1

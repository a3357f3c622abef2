import numpy as np
import pytest

from stages.diagnosis.clustering_scores import (
    agreement_between_runs,
    clustering_scores,
    match_clusters,
    matched_accuracy,
)

TRUE = np.array([0, 0, 0, 1, 1, 1])


def test_renamed_clusters_are_perfect():
    assert clustering_scores(TRUE, 1 - TRUE) == pytest.approx({"rand": 1.0, "ari": 1.0, "nmi": 1.0, "accuracy": 1.0})


def test_one_episode_astray_by_hand():
    labels = np.array([0, 0, 1, 1, 1, 1])
    scores = clustering_scores(TRUE, labels)
    # Of 15 pairs, 1 + 3 are together in both and 6 apart in both.
    assert scores["rand"] == pytest.approx(10 / 15)
    # Expected pairs together: 6 * 7 / 15 = 2.8; ARI = (4 - 2.8) / (6.5 - 2.8).
    assert scores["ari"] == pytest.approx(1.2 / 3.7)
    assert scores["accuracy"] == pytest.approx(5 / 6)


def test_everything_in_one_cluster():
    scores = clustering_scores(TRUE, np.zeros(6, dtype=np.int64))
    assert scores["rand"] == pytest.approx(6 / 15) and scores["nmi"] == 0.0 and scores["accuracy"] == 0.5


def test_matched_accuracy_with_more_clusters_than_policies():
    assert matched_accuracy(TRUE, np.array([0, 0, 2, 1, 1, 1])) == pytest.approx(5 / 6)


def test_clusters_are_matched_to_policies():
    np.testing.assert_array_equal(match_clusters(TRUE, 1 - TRUE, 2), [1, 0])
    mostly_zero = np.array([0, 0, 0, 0, 1, 1])
    np.testing.assert_array_equal(match_clusters(mostly_zero, np.full(6, 1), 3)[1], 0)


def test_agreement_between_runs():
    assert agreement_between_runs(np.stack([TRUE, 1 - TRUE])) == 1.0
    assert agreement_between_runs(np.stack([TRUE, TRUE, np.array([0, 0, 1, 1, 1, 1])])) == pytest.approx(
        (1 + 2 * 1.2 / 3.7) / 3
    )
    assert np.isnan(agreement_between_runs(TRUE[None]))

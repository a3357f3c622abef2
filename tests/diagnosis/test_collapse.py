import numpy as np
import pytest

from stages.diagnosis.collapse import close_centroids, empty_clusters, equal_policies, missing_clusters, uneven_sizes


def test_clusters_that_were_asked_for_and_are_missing_are_told():
    assert missing_clusters(np.array([3, 0]), 5) == ["told 5 clusters, found 2"]
    assert missing_clusters(np.array([3, 0]), 2) == []


def test_empty_clusters_are_named():
    assert empty_clusters(np.array([3, 0, 4, 0])) == ["2 of 4 clusters are empty (1, 3)"]
    assert empty_clusters(np.array([3, 1])) == []


@pytest.mark.parametrize(
    ("sizes", "words"),
    [
        ([96, 4], ["cluster 0 holds 96.0% of the episodes"]),
        ([0, 100], ["cluster 1 holds 100.0% of the episodes"]),
        ([60, 40], []),
        ([100], []),
        ([90, 2, 2, 2, 2, 2], ["cluster sizes differ widely, from 2 to 90 (variation 2.0)"]),
        ([20, 0, 20], []),
    ],
)
def test_sizes(sizes, words):
    assert uneven_sizes(np.array(sizes), 0.95) == words


def test_clusters_with_one_policy_are_told_together():
    divergence = np.array([[0, 0.01, 2, 3, np.nan], [0.02, 0, 2, 3, np.nan], [2, 2, 0, 0.01, np.nan]])
    divergence = np.vstack([divergence, [3, 3, 0.2, 0, np.nan], [np.nan] * 5])
    words = "have nearly the same policy (within 0.05 nats per step)"
    assert equal_policies(divergence, 0.05) == [f"clusters 0 and 1 {words}"]
    assert equal_policies(divergence, 0.3) == [
        f"clusters 0 and 1 {words.replace('0.05', '0.3')}",
        f"clusters 2 and 3 {words.replace('0.05', '0.3')}",
    ]
    assert equal_policies(np.zeros((3, 3)), 0.05) == [f"clusters 0, 1 and 2 {words}"]


def test_centroids_within_the_scatter_are_told():
    random = np.random.default_rng(0)
    labels = np.repeat([0, 2, 3], 50)
    latents = random.standard_normal((150, 4)) + np.repeat([0.0, 0.3, 50.0], 50)[:, None]
    assert close_centroids(latents, labels) == [
        "the centroids of clusters 0 and 2 lie closer than their episodes scatter"
    ]
    assert close_centroids(latents, np.zeros(150, dtype=np.int64)) == []

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.diagnosis.clustering_scores import agreement_between_runs, clustering_scores
from stages.reporting.clusterings.contingency import agreement, counted, scores_of

labels = st.lists(st.integers(0, 4), min_size=2, max_size=40)


@settings(max_examples=60, deadline=None)
@given(labels, st.integers(0, 2**31))
def test_scores_from_counts_are_the_scores(truth, seed):
    truth = np.array(truth)
    found = np.random.default_rng(seed).integers(0, 6, len(truth))
    expected, scores = clustering_scores(truth, found), scores_of(counted(truth, found))
    assert scores == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("found", [np.zeros(6, dtype=np.int64), np.arange(6)])
def test_one_cluster_and_a_cluster_each(found):
    truth = np.array([0, 0, 0, 1, 1, 1])
    assert scores_of(counted(truth, found)) == pytest.approx(clustering_scores(truth, found), abs=1e-9)
    assert scores_of(counted(found, found))["nmi"] == scores_of(counted(found, found))["ari"] == 1.0


def test_a_single_episode_is_clustered_perfectly():
    labels = np.zeros(1, dtype=np.int64)
    assert scores_of(counted(labels, labels)) == {"rand": 1.0, "ari": 1.0, "nmi": 1.0, "accuracy": 1.0}


def test_agreement_between_runs():
    runs = np.random.default_rng(0).integers(0, 3, (4, 30))
    assert agreement(runs) == pytest.approx(agreement_between_runs(runs))
    assert np.isnan(agreement(runs[:1]))

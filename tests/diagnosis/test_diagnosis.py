from dataclasses import replace

import numpy as np
import pytest

from stages.diagnosis.clustering_scores import clustering_scores
from stages.diagnosis.diagnosis import Diagnosis
from stages.diagnosis.found_clusters import FoundClusters
from stages.diagnosis.settings import DiagnosisSettings
from tests.evaluation.walks import random_walks, walks
from tests.synthetic import two_policies

DISCRETE = random_walks([[0, 1, 2], [1, 2, 0], [0, 2, 1]], episodes=90)
CONTINUOUS = two_policies(episodes=30, steps=100)


def found(labels, num_clusters, **more):
    return FoundClusters(3, np.asarray(labels), num_clusters, True, -1.0, "score", **more)


def diagnosis(dataset, **settings):
    return Diagnosis(dataset, DiagnosisSettings(**settings))


def test_what_is_said_of_a_dataset():
    dataset = replace(DISCRETE, attributes={"oracle_ceiling": '{"nmi": 0.9}'})
    facts = diagnosis(dataset).of_dataset()
    np.testing.assert_array_equal(facts.pop("true_conflict").diagonal(), 0)
    assert facts == {
        "episodes": 90,
        "steps": 540,
        "true_num_clusters": 3,
        "k_lower": 3,
        "k_upper": 3,
        "oracle": {"nmi": 0.9},
        "conflict_kind": "exact",
        "self_conflict": 0.0,
        "policy_names": ["policy 0", "policy 1", "policy 2"],
    }


def test_what_is_said_of_the_true_clusters():
    truth = DISCRETE.behaviour_policy
    facts = diagnosis(DISCRETE).of_clusters(found(truth, 3))
    assert facts["scores"] == clustering_scores(truth, truth)
    np.testing.assert_array_equal(facts["confusion"], np.diag([30, 30, 30]))
    np.testing.assert_array_equal(facts["conflict"].diagonal(), 0)
    np.testing.assert_allclose(facts["behavioural_kl"].diagonal(), 0, atol=1e-12)
    assert facts["ambiguous"] < 0.2
    assert facts["warnings"] == []
    assert (facts["seed"], facts["converged"], facts["score"]) == (3, True, -1.0)


@pytest.mark.parametrize("dataset", [DISCRETE, CONTINUOUS], ids=["discrete", "continuous"])
def test_renumbered_clusters_are_diagnosed_alike(dataset):
    looked, truth = diagnosis(dataset, features=16), dataset.behaviour_policy
    order = np.array([2, 0, 3, 1])[: truth.max() + 2]
    order = np.argsort(np.argsort(order))
    plain = looked.of_clusters(found(truth, len(order)))
    moved = looked.of_clusters(found(order[truth], len(order)))
    for name in ("confusion", "behavioural_kl"):
        np.testing.assert_allclose(np.asarray(moved[name])[order], plain[name])
    np.testing.assert_array_equal(moved["conflict"][np.ix_(order, order)], plain["conflict"])
    for name in ("scores", "ambiguous", "num_clusters", "converged"):
        assert moved[name] == pytest.approx(plain[name])


def test_collapse_is_told():
    looked = diagnosis(CONTINUOUS, features=16)
    assert looked.of_clusters(found(np.zeros(30, dtype=np.int64), 2))["warnings"] == [
        "1 of 2 clusters are empty (1)",
        "cluster 0 holds 100.0% of the episodes",
    ]
    split = np.where(CONTINUOUS.behaviour_policy == 1, 1, np.arange(30) % 4 // 2 * 2)
    assert "clusters 0 and 2 have nearly the same policy" in looked.of_clusters(found(split, 3))["warnings"][0]
    latents = np.random.default_rng(0).standard_normal((30, 2))
    close = looked.of_clusters(found(CONTINUOUS.behaviour_policy, 2, latents=latents))["warnings"]
    assert close == ["the centroids of clusters 0 and 1 lie closer than their episodes scatter"]


def test_a_method_that_chooses_k_may_leave_clusters_empty():
    looked, labels = diagnosis(CONTINUOUS, features=16), CONTINUOUS.behaviour_policy
    free = looked.of_clusters(found(labels, 3, settings={"num_clusters": None}))
    findings = looked.of_clusters(found(labels, 3, settings={"num_clusters": 3}))
    assert (free["warnings"], findings["warnings"]) == ([], ["1 of 3 clusters are empty (2)"])
    assert free["num_clusters"] == 2 and free["sizes"].tolist() == [15, 15, 0]


def test_without_true_policies_their_entries_are_none():
    unknown = replace(DISCRETE, behaviour_policy=None, behaviour_policy_names=())
    looked = diagnosis(unknown)
    facts, seed = looked.of_dataset(), looked.of_clusters(found(np.arange(90) % 3, 3))
    assert facts["true_num_clusters"] is facts["true_conflict"] is facts["oracle"] is None
    assert facts["policy_names"] == []
    assert seed["scores"] is seed["confusion"] is seed["behavioural_kl"] is None
    assert seed["conflict"].shape == (3, 3) and seed["ambiguous"] is not None


def test_the_sample_respects_both_limits():
    assert len(diagnosis(DISCRETE, episodes=20).chosen) == 20
    assert len(diagnosis(DISCRETE, steps=31).chosen) == 5
    assert len(diagnosis(DISCRETE, steps=1).chosen) == 1
    assert sorted(diagnosis(DISCRETE).chosen) == list(range(90))


def test_sizes_are_of_all_episodes_and_clusters_outside_the_sample_have_no_rates():
    looked = diagnosis(DISCRETE, episodes=20)
    labels = np.isin(np.arange(90), looked.chosen).astype(np.int64)
    facts = looked.of_clusters(found(labels, 2))
    assert facts["sizes"].tolist() == [70, 20]
    assert np.isnan(facts["conflict"][0]).all()
    assert np.isfinite(facts["conflict"][1, 1])


def test_one_episode_is_survived():
    for dataset in (walks([(0, 1), (0, 1)]), two_policies(episodes=1)):
        looked = diagnosis(dataset)
        assert looked.of_dataset()["episodes"] == 1
        facts = looked.of_clusters(found([0], 1))
        assert facts["sizes"].tolist() == [1] and facts["ambiguous"] is None and facts["warnings"] == []

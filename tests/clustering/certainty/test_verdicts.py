"""What is said of worlds of one policy, two, two without shared states, and one that drifts."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from stages.clustering.certainty.verdicts import MOST_NAMED, Certainty, _sentences, certainties
from stages.clustering.evidence import Evidence, EvidenceSettings
from stages.training.job import Job
from tests.clustering.certainty.linear_worlds import EPISODES, alternating, drifting, linear_world, one_after_the_other

ONE = np.full(EPISODES, 0.5)
APART = "cannot be told apart here: they share no states"


def said(dataset, seeds=(0,), **settings):
    chosen = EvidenceSettings(num_features=20, **settings)
    found = certainties(dataset, Evidence(Job(dataset, list(seeds)), chosen).fit(), chosen.num_clusters is None)
    assert json.loads(json.dumps(found)) is not None
    return found[0]


@pytest.mark.parametrize("seed", range(3))
def test_one_policy(seed):
    found = said(linear_world(ONE, seed=seed))
    assert [sentence.partition(" (")[0] for sentence in found["verdicts"]] == [
        "one policy, as far as these data can tell"
    ]
    assert set(found["probability"]) == {"1", "2"} and found["probability"]["1"] > 0.9


@pytest.mark.parametrize("gaps", [alternating(), one_after_the_other()], ids=["taking turns", "one after the other"])
def test_two_policies(gaps):
    found = said(linear_world(gaps))
    assert found["verdicts"] == [] and found["drift"] > 0.01
    assert set(found["probability"]) == {"1", "2", "3"} and found["probability"]["2"] > 0.9


def test_two_that_share_no_states():
    found = said(linear_world(alternating(), shift=5), num_clusters=2)
    assert found["verdicts"] == [f"clusters 0 and 1 {APART}"]
    assert found["probability"] == {}
    assert said(linear_world(alternating(), shift=5, shared_steps=1), num_clusters=2)["verdicts"] == []


def test_one_cluster_of_episodes_that_share_no_states():
    verdicts = said(linear_world(ONE, shift=5))["verdicts"]
    assert verdicts[0].startswith("one policy, as far as these data can tell")
    assert verdicts[1:] == [
        "cluster 0 lies in 2 regions that share no states: whether one policy made all of it cannot be told"
    ]


def test_a_learner_drifts_in_the_order_of_recording_alone():
    dataset = linear_world(drifting())
    sentence = "drifting: what episodes do changes with their place in the recording (p = 0.001)"
    assert said(dataset)["verdicts"] == [sentence]
    assert said(dataset, num_clusters=1)["verdicts"] == [sentence]
    shuffled = dataset.select(np.random.default_rng(0).permutation(EPISODES))
    assert said(shuffled)["verdicts"] == []
    unknown = said(replace(dataset, attributes={}))
    assert unknown["verdicts"] == [] and unknown["drift"] is None


def test_many_pairs_are_counted():
    dataset, where = linear_world(ONE), np.arange(EPISODES) % 5
    moved = dataset.observations + 10 * where[dataset.episode_of_step, None].astype(np.float32)
    dataset = replace(dataset, observations=moved)
    clustering = Evidence(Job(dataset, [0]), EvidenceSettings(num_clusters=5, num_features=0)).fit()
    clustering.responsibilities[0] = 0
    clustering.responsibilities[0, np.arange(EPISODES), where] = 1
    (found,) = certainties(dataset, clustering, free=False)
    assert len(found["apart"]) == 10
    assert [APART in sentence for sentence in found["verdicts"]] == [True] * 5 + [False]
    assert found["verdicts"][-1] == "5 more pairs of clusters share no states"


def test_a_single_pair_beyond_those_named_is_one():
    *_, last = _sentences(Certainty(apart=[(0, j) for j in range(1, MOST_NAMED + 2)]), one_policy=False)
    assert last == "1 more pair of clusters shares no states"

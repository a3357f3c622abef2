"""Policies about a common one that is not linear: many are told apart, one stays one, and neighbours decide."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.worlds.wide import widened
from stages.clustering import evidence
from stages.clustering.conjugate import curved
from stages.clustering.conjugate.curved import MOST_OBSERVATIONS
from stages.clustering.conjugate.telling import tells
from stages.clustering.evidence import EvidenceSettings, group
from stages.datasets.episodes import EpisodeDataset
from stages.diagnosis.clustering_scores import clustering_scores
from stages.training.job import Job
from tests.synthetic import dataset_of

STEPS = 60


def about_waves(policies: int, episodes: int = 6, apart: float = 0.25, places: bool = False) -> EpisodeDataset:
    """Actions ``sin 2 s`` and a linear part of each policy's own, of size `apart`.

    Args:
        policies: How many.
        episodes: Of each policy, in turn.
        apart: Size of what is peculiar to a policy.
        places: Whether every episode stays around a place of its own.
    """
    random = np.random.default_rng(policies)
    truth = np.tile(np.arange(policies), episodes)
    peculiar = apart * random.standard_normal((policies, 3, 2))
    middle = 1.5 * random.standard_normal((len(truth), 1, 2)) if places else np.zeros((len(truth), 1, 2))
    states = middle + (0.5 if places else 1.5) * random.standard_normal((len(truth), STEPS, 2))
    inputs = np.concatenate([np.ones((len(truth), STEPS, 1)), states], 2)
    actions = np.sin(2 * states) + inputs @ peculiar[truth] + 0.1 * random.standard_normal(states.shape)
    flat = (states.reshape(-1, 2), actions.reshape(-1, 2), np.zeros(len(truth) * STEPS))
    names = tuple(f"policy {z}" for z in range(policies))
    return dataset_of(*flat, [STEPS] * len(truth), behaviour_policy=truth, behaviour_policy_names=names)


def found(dataset: EpisodeDataset, **settings: int) -> np.ndarray:
    return group(Job(dataset, [0]), EvidenceSettings(**settings), [], 0).labels


def test_many_policies_about_a_curve_are_told_apart(monkeypatch: pytest.MonkeyPatch):
    dataset = about_waves(8)
    assert clustering_scores(dataset.behaviour_policy, found(dataset))["ari"] > 0.95
    eight = found(dataset, num_clusters=8)
    assert len(np.unique(eight)) == 8
    monkeypatch.setattr(evidence, "about_a_curve", lambda *_: None)
    monkeypatch.setattr(evidence, "foretold_more", lambda *_: -np.inf)
    assert clustering_scores(dataset.behaviour_policy, found(dataset))["ari"] < 0.95  # why they are tried


def test_wide_observations_are_no_hindrance_unless_it_takes_too_long(monkeypatch: pytest.MonkeyPatch):
    dataset = widened(np.random.default_rng(0), about_waves(8))
    assert dataset.observations.shape[1] > MOST_OBSERVATIONS
    assert clustering_scores(dataset.behaviour_policy, found(dataset))["ari"] > 0.95
    monkeypatch.setattr(curved, "MOST_WIDE_STEPS", dataset.num_steps - 1)
    assert clustering_scores(dataset.behaviour_policy, found(dataset))["ari"] < 0.5


@pytest.mark.parametrize("places", [False, True])
def test_one_policy_seen_widely_is_not_split_by_a_curve(places: bool, monkeypatch: pytest.MonkeyPatch):
    dataset = widened(np.random.default_rng(0), about_waves(1, 24, places=places))
    labels = found(dataset)
    monkeypatch.setattr(evidence, "about_a_curve", lambda *_: None)
    assert np.array_equal(labels, found(dataset))


@pytest.mark.parametrize("places", [False, True])
def test_one_policy_is_not_split_by_a_curve(places: bool, monkeypatch: pytest.MonkeyPatch):
    dataset = about_waves(1, 24, places=places)
    labels = found(dataset)
    monkeypatch.setattr(evidence, "about_a_curve", lambda *_: None)
    assert np.array_equal(labels, found(dataset))


def test_clusters_tell_what_their_policies_do():
    dataset = about_waves(3)
    truth, nothing = dataset.behaviour_policy, np.zeros(dataset.num_episodes, dtype=np.int64)
    assert tells(dataset, truth, nothing) > 3
    assert tells(dataset, nothing, truth) == 0.0
    finer = 2 * truth + np.arange(len(truth)) // 3 % 2  # halves of policies say nothing beyond policies
    assert tells(dataset, finer, truth) < 2
    assert tells(dataset, truth, finer) < 2
    assert tells(dataset, finer, nothing) > 2


def test_regions_of_one_policy_tell_nothing():
    dataset = about_waves(1, 40, places=True)
    starts = dataset.observations[dataset.episode_starts, 0]
    regions = (starts > np.median(starts)).astype(np.int64)
    assert tells(dataset, regions, np.zeros_like(regions)) < 2


def test_names_of_clusters_do_not_matter():
    dataset = about_waves(3)
    truth, given = dataset.behaviour_policy, np.arange(dataset.num_episodes) % 2
    assert tells(dataset, truth, given) == tells(dataset, 2 - truth, 1 - given)

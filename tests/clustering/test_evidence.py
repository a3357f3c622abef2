"""Evidence clustering finds policies, their number, and agrees with itself."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from stages.clustering import evidence
from stages.clustering.alternation.starts import starting_labels
from stages.clustering.contract import Clustering
from stages.clustering.evidence import Evidence, EvidenceSettings, group, groupings, tabular_families
from stages.datasets.episodes import EpisodeDataset
from stages.diagnosis.clustering_scores import clustering_scores
from stages.training.job import Job
from tests.clustering.tables import long_table_dataset, table_dataset
from tests.synthetic import make_episodes, two_policies

# The least that makes sense, for the tests that every method has to pass.
SMALLEST = [
    EvidenceSettings(
        hidden_sizes=(16, 16),
        max_iterations=4,
        batch_size=50,
        num_features=8,
        learning_rate=0.003,
        num_clusters=2,
        refit_epochs=4,
    ),
]


def clustered(dataset: EpisodeDataset, seeds=(0, 1), **changes) -> Clustering:
    return Evidence(Job(dataset, list(seeds)), EvidenceSettings(**{"num_features": 20, **changes})).fit()


def nmi(found: Clustering, truth: np.ndarray) -> list[float]:
    return [clustering_scores(truth, labels.numpy())["nmi"] for labels in found.labels]


@pytest.mark.parametrize("episodes", [6, 40])
def test_two_policies_are_found_and_counted(episodes):
    dataset = two_policies(episodes)
    found = clustered(dataset)
    assert found.responsibilities.shape == (2, episodes, 2)
    assert nmi(found, dataset.behaviour_policy) == [1.0, 1.0]
    assert found.converged == [True, True]
    torch.testing.assert_close(found.responsibilities.sum(-1), torch.ones(2, episodes))


def test_one_policy_is_one_cluster():
    dataset = two_policies(gap=0.0)
    found = clustered(dataset)
    assert found.responsibilities.shape[-1] == 1
    probability = found.details["num_clusters_probability"]
    assert probability.shape == (2, 40) and (probability[:, -1] > 0.9).all()
    assert clustered(dataset, num_clusters=1).details["num_clusters_probability"].isnan().all()
    assert clustered(dataset, num_clusters=3).responsibilities.shape[-1] == 3


@pytest.mark.parametrize("max_episodes", [None, 16])
@pytest.mark.parametrize("num_clusters", [5, 20])
def test_as_many_clusters_are_found_as_asked_for(num_clusters, max_episodes):
    """Nothing asks for so many: moves and merges would rather leave clusters empty."""
    for dataset in (two_policies(40, steps=5, gap=0.05), long_table_dataset(40, 1)):
        found = clustered(dataset, num_clusters=num_clusters, max_episodes=max_episodes)
        assert all(len(labels.unique()) == num_clusters for labels in found.labels)


def test_tables_find_rules():
    dataset = long_table_dataset(60, 3)
    found = clustered(dataset)
    assert found.responsibilities.shape[-1] == 3
    assert nmi(found, dataset.behaviour_policy) == [1.0, 1.0]


@pytest.mark.parametrize("people", [1, 5])
def test_people_who_share_habits_are_told_apart_by_their_own(people):
    """Forty states, four actions: what distinguishes people is less than what they all do."""
    random = np.random.default_rng(people)
    dataset = table_dataset(12 * people, people, states=40, steps=400, seed=3)
    dataset = dataset.select(np.flatnonzero(dataset.episode_lengths >= 100))
    logits = 2 * random.standard_normal((40, 4)) + random.standard_normal((people, 40, 4))
    state, person = dataset.observations[:, 0].astype(int), dataset.behaviour_policy[dataset.episode_of_step]
    actions = (logits[person, state] + random.gumbel(size=(len(state), 4))).argmax(1)
    dataset = replace(dataset, actions=actions)
    found = clustered(dataset, seeds=[0])
    assert found.responsibilities.shape[-1] == people
    assert people == 1 or nmi(found, dataset.behaviour_policy)[0] > 0.9


@pytest.mark.parametrize("max_episodes", [None, 16])
def test_tables_of_all_episodes_are_looked_at_once_for_all_seeds(max_episodes, monkeypatch):
    """Nothing is drawn then; each seed by itself finds the same to the last bit."""
    dataset, settings, looks = long_table_dataset(24, 3), EvidenceSettings(max_episodes=max_episodes), []
    job, tables = Job(dataset, [3, 4, 5]), tabular_families(dataset, settings)
    alone = [group(job, settings, tables, seed) for seed in job.seeds]
    monkeypatch.setattr(evidence, "group", lambda *args: looks.append(args) or group(*args))
    found = list(groupings(job, settings, [(seed, 0) for seed in job.seeds]))
    assert len(looks) == (1 if max_episodes is None else 3)
    for together, single in zip(found, alone, strict=True):
        assert torch.equal(together.log_weights, single.log_weights)
        assert (together.scores, together.trace.pairs) == (single.scores, single.trace.pairs)


def test_episodes_beyond_those_compared_join_the_clusters():
    for dataset in (two_policies(60), long_table_dataset(60, 3)):
        found = clustered(dataset, max_episodes=16)
        assert nmi(found, dataset.behaviour_policy) == [1.0, 1.0]
        assert found.converged == [True, True]
        assert found.details["merge_scores"].shape == (2, 16)
        assert (found.score_history[1:] >= found.score_history[:-1] - 1e-9)[found.score_history[1:].isfinite()].all()


def test_many_states_and_discrete_actions_have_softmax_policies():
    dataset = long_table_dataset(40, 2)
    found = clustered(dataset, max_states=1)
    assert nmi(found, dataset.behaviour_policy) == [1.0, 1.0]
    assert (found.details["temper"] == 1).all()


def test_states_that_do_not_come_back_have_no_tables():
    dataset = two_policies(24)
    chosen = (dataset.actions[:, 0] > 0).astype(np.int64)
    discrete = replace(dataset, actions=chosen, num_actions=2)
    assert tabular_families(discrete, EvidenceSettings()) == []
    found = clustered(discrete, [0])
    assert found.responsibilities.shape[-1] < 5


def test_a_wall_that_is_often_run_into_makes_no_tables():
    dataset = two_policies(24)
    walled = np.where(np.arange(dataset.num_steps)[:, None] % 3 > 0, 0.0, dataset.observations)
    chosen = (dataset.actions[:, 0] > 0).astype(np.int64)
    discrete = replace(dataset, observations=walled.astype(np.float32), actions=chosen, num_actions=2)
    assert len(np.unique(walled, axis=0)) < dataset.num_steps / 2
    assert tabular_families(discrete, EvidenceSettings()) == []


def test_unseen_episodes_are_given_to_the_clusters_found():
    seen, unseen = two_policies(40), two_policies(30, seed=1)
    method = Evidence(Job(seen, [0, 1]), EvidenceSettings(num_features=20))
    labels = method.fit().labels
    first = seen.behaviour_policy
    for of_seed, predicted in zip(labels.numpy(), method.predict(unseen).argmax(-1).numpy(), strict=True):
        cluster_of = [of_seed[first == z][0] for z in range(2)]
        assert np.array_equal(predicted, np.take(cluster_of, unseen.behaviour_policy))


def test_order_of_episodes_does_not_matter_where_all_are_compared():
    dataset = two_policies(20)
    order = np.random.default_rng(0).permutation(20)
    plain, shuffled = clustered(dataset, [0]), clustered(dataset.select(order), [0])
    scores = clustering_scores(plain.labels[0].numpy()[order], shuffled.labels[0].numpy())
    assert scores["ari"] == 1.0


def test_a_seed_does_not_depend_on_those_beside_it():
    dataset = make_episodes([5, 9, 12, 4, 8, 7])
    both, alone = clustered(dataset, [3, 4], num_clusters=2), clustered(dataset, [4], num_clusters=2)
    assert torch.equal(both.responsibilities[1], alone.responsibilities[0])


@pytest.mark.parametrize("lengths", [[1], [1, 1, 1], [7]])
def test_shortest_data(lengths):
    found = clustered(make_episodes(lengths))
    assert found.labels.shape == (2, len(lengths))
    assert found.responsibilities.isfinite().all()


def test_policies_are_fitted_if_asked_for():
    dataset = two_policies(20)
    plain = clustered(dataset)
    assert plain.behaviours is None and "behaviour_sizes" not in plain.artifact().metadata
    found = clustered(dataset, num_clusters=2, refit_epochs=1, hidden_sizes=(8,))
    assert found.artifact().metadata["behaviour_sizes"] == (2, 8, 4)


def test_starts():
    dataset = two_policies(30)
    job = Job(dataset, [0, 1])
    equal = starting_labels(job, "random", 4, 3)
    assert equal.shape == (2, 4, 30)
    assert all(torch.bincount(start).tolist() == [10, 10, 10] for start in equal.view(-1, 30))
    assert len({tuple(start.tolist()) for start in equal.view(-1, 30)}) == 8
    for start in starting_labels(job, "evidence", 2, 2).view(-1, 30):
        assert clustering_scores(dataset.behaviour_policy, start.numpy())["ari"] == 1.0

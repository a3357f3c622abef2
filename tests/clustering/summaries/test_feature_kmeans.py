import numpy as np
import pytest
import torch

from stages.clustering.return_kmeans import ReturnKMeans, ReturnKMeansSettings
from stages.clustering.summary_kmeans import SummaryKMeans, SummaryKMeansSettings
from stages.diagnosis.clustering_scores import clustering_scores
from stages.training.job import Job
from tests.clustering.discrete_policies import discrete_policies
from tests.synthetic import dataset_of, make_episodes, ragged, two_policies

METHODS = [(ReturnKMeans, ReturnKMeansSettings), (SummaryKMeans, SummaryKMeansSettings)]


def by_return(episodes: int = 30, steps: int = 5):
    random = np.random.default_rng(0)
    truth = np.arange(episodes) % 2
    rewards = random.normal(np.repeat(truth, steps), 0.1)
    observations, actions = random.standard_normal((2, episodes * steps, 2))
    return dataset_of(observations, actions, rewards, [steps] * episodes, behaviour_policy=truth)


def test_returns_tell_skill_apart_and_summaries_do_not_look_at_them():
    dataset = by_return()
    job = Job(dataset, [0, 1, 2])
    for (method, settings), expected in zip(METHODS, (1.0, 0.0), strict=True):
        for labels in method(job, settings()).fit().labels:
            assert clustering_scores(dataset.behaviour_policy, labels.numpy())["ari"] == pytest.approx(
                expected, abs=0.2
            )


def test_summaries_find_policies_of_different_averages():
    dataset = discrete_policies(states=1, noise=0.2)
    found = SummaryKMeans(Job(dataset, [0, 1]), SummaryKMeansSettings()).fit()
    for labels in found.labels:
        assert clustering_scores(dataset.behaviour_policy, labels.numpy())["rand"] > 0.9


def test_policies_that_differ_in_each_state_but_not_on_average_are_out_of_reach():
    dataset = two_policies(episodes=60)
    for method, settings in METHODS:
        scores = [
            clustering_scores(dataset.behaviour_policy, labels.numpy())["ari"]
            for labels in method(Job(dataset, [0, 1, 2]), settings()).fit().labels
        ]
        assert np.mean(scores) < 0.2


@pytest.mark.parametrize(("method", "settings"), METHODS)
def test_fitted_episodes_are_predicted_as_they_were_labelled(method, settings):
    dataset = ragged(episodes=20)
    model = method(Job(dataset, [0, 3]), settings(num_clusters=3))
    found = model.fit()
    assert torch.equal(model.predict(dataset).argmax(-1), found.labels)
    assert model.predict(dataset.select(np.array([4, 4, 0]))).shape == (2, 3, 3)
    assert found.score_history.shape == (1, 2)
    assert (found.score_history <= 0).all()
    assert found.converged == [True, True]
    assert found.behaviours is None


@pytest.mark.parametrize(("method", "settings"), METHODS)
def test_a_seed_does_not_depend_on_those_beside_it(method, settings):
    dataset = ragged(episodes=20)
    together = method(Job(dataset, [0, 1, 2]), settings(num_clusters=4)).fit()
    alone = method(Job(dataset, [1]), settings(num_clusters=4)).fit()
    assert torch.equal(alone.labels[0], together.labels[1])


@pytest.mark.parametrize(("method", "settings"), METHODS)
def test_one_cluster_and_as_many_clusters_as_episodes(method, settings):
    dataset = make_episodes([1, 1, 5, 2])
    for k in (1, 4):
        found = method(Job(dataset, [0]), settings(num_clusters=k)).fit()
        assert len(set(found.labels[0].tolist())) == k


def test_policies_are_fitted_where_they_are_asked_for():
    options = {"refit_epochs": 1, "hidden_sizes": (8,), "num_clusters": 2}
    found = SummaryKMeans(Job(ragged(), [0, 1]), SummaryKMeansSettings(**options)).fit()
    assert found.behaviours.policies.ensemble.num_members == 2
    assert {"refit policy/values", "refit classifier/values"} <= set(found.metrics)

import numpy as np
import pytest
import torch

from stages.artifacts import Artifact
from stages.clustering import CLUSTERING
from stages.errors import UserError
from stages.evaluation.behaviour_density import behaviour_log_density
from stages.evaluation.estimate_settings import CloningSettings
from stages.training.job import Job
from tests.synthetic import two_policies

SEEDS = [0, 1]


def clusters(job: Job) -> Artifact:
    """Clusters with Gaussian policies; whichever, as they are told apart by their labels."""
    values = {"method": "return_kmeans", "num_clusters": 2, "refit_epochs": 1, "hidden_sizes": [32]}
    choice = CLUSTERING.choose(values)
    return choice.entry(job, choice.settings).fit().artifact(seeds=SEEDS)


def test_one_cloned_gaussian_is_the_behaviour_where_there_is_one():
    dataset = two_policies(episodes=20, gap=0.0)
    settings = CloningSettings(num_steps=400, hidden_sizes=(16,), learning_rate=3e-3)
    found = behaviour_log_density(Job(dataset, SEEDS), [], settings)
    assert found.shape == (2, dataset.num_steps)
    # In units of the environment, whose noise has a standard deviation of 0.2.
    expected = (-0.5 * (dataset.actions / 0.2) ** 2 - np.log(0.2 * np.sqrt(2 * np.pi))).sum(1)
    np.testing.assert_allclose(found.mean(1), expected.mean(), atol=0.1)


def test_clusters_of_other_episodes_are_refused():
    job = Job(two_policies(episodes=10, steps=10), SEEDS)
    found = clusters(job)
    with pytest.raises(UserError, match="has clusters of 10 episodes, the dataset has 12"):
        behaviour_log_density(Job(two_policies(episodes=12, steps=10), SEEDS), [found], CloningSettings())


def test_the_policy_of_an_episodes_cluster_is_its_behaviour():
    job = Job(two_policies(episodes=10, steps=10), SEEDS)
    found = clusters(job)
    swapped = Artifact(found.tensors | {"labels": 1 - found.tensors["labels"]}, found.metadata)
    ours, theirs = (behaviour_log_density(job, [made], CloningSettings()) for made in (found, swapped))
    mixed = Artifact(found.tensors | {"labels": torch.arange(20).view(2, 10) % 2}, found.metadata)
    chosen = np.where(mixed.tensors["labels"] == found.tensors["labels"], 0, 1)[:, job.dataset.episode_of_step]
    expected = np.where(chosen == 0, ours, theirs)
    assert not np.allclose(ours, theirs)
    np.testing.assert_allclose(behaviour_log_density(job, [mixed], CloningSettings()), expected, atol=1e-5)

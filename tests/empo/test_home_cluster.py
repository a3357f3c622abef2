import numpy as np
import pytest
import torch

from stages.agents.stitched import StitchedAgent
from stages.artifacts import Artifact
from stages.clustering.cluster_networks import ClusterNetworks
from stages.empo.high_level import train_high_level
from stages.empo.high_level_settings import HighLevelSettings, HomeSettings
from stages.empo.home_cluster import best_cluster, side_by_side
from stages.errors import UserError
from stages.networks.ensemble import Ensemble
from stages.seeding import generators
from stages.training.job import Job
from tests.synthetic import dataset_of

SETTINGS = {"discount": 0.0, "hidden_sizes": (32,), "learning_rate": 0.01, "batch_size": 64}


def world(left_of_other: float) -> tuple[Job, np.ndarray]:
    """Two clusters with rewards by state: 1 in the first, in the second `left_of_other` left of 0 and 0 right of it."""
    random = np.random.default_rng(0)
    observations = random.uniform(-1, 1, (800, 1))
    labels = np.arange(40) % 4 // 2
    other = np.where(observations[:, 0] < 0, left_of_other, 0.0)
    rewards = np.where(np.repeat(labels, 20) == 0, 1.0, other) + 0.1 * random.standard_normal(800)
    data = dataset_of(observations, random.uniform(-1, 1, (800, 1)), rewards, [20] * 40)
    return Job(data, [0, 1]), np.stack([labels] * 2)


def followed(job: Job, labels: np.ndarray, states: list[float]) -> list[list[int]]:
    """The clusters that an agent follows at the states, by seed."""
    made = train_high_level(job, labels, 2, HighLevelSettings(**SETTINGS, home=HomeSettings(value_epochs=60)))
    made.metadata["seeds"] = [0, 1]
    policies, classifier = Ensemble((1, 2), 2, 2), Ensemble((1, 2), 2)
    nothing = (torch.zeros(ensemble.num_parameters) for ensemble in (policies, classifier))
    networks = ClusterNetworks(policies, next(nothing), classifier, next(nothing), job.normaliser)
    tensors = {"labels": torch.from_numpy(labels), **networks.tensors()}
    clusters = Artifact(tensors, {"seeds": [0, 1], **networks.shapes()})
    agent = StitchedAgent.load(clusters, high_level=made)
    seen = job.normaliser.observations(torch.tensor(states)[:, None])
    return agent.choose(seen.expand(2, 1, -1, -1)).tolist()


def test_home_is_followed_everywhere_where_the_other_cluster_is_worse():
    assert followed(*world(left_of_other=0.5), [-0.9, -0.5, 0.5, 0.9]) == [[0, 0, 0, 0]] * 2


def test_home_is_left_where_the_other_cluster_is_clearly_better():
    assert followed(*world(left_of_other=1.8), [-0.9, -0.5, 0.5, 0.9]) == [[1, 1, 0, 0]] * 2


def test_home_is_the_cluster_of_the_largest_mean_return_among_those_with_episodes():
    returns = np.array([1.0, 5.0, -3.0, -1.0])
    labels = np.array([[0, 0, 1, 1], [1, 0, 1, 0], [2, 2, 2, 2]])
    assert best_cluster(returns, labels, 3).tolist() == [0, 0, 2]
    assert best_cluster(np.array([-1.0, -2.0]), np.array([[1, 1]]), 2).tolist() == [1]


def test_networks_side_by_side_are_those_that_they_were():
    single, states = Ensemble((3, 4, 2), 2), torch.randn(2, 1, 5, 3)
    fits = [single.initialise(generators([0, 1], purpose)) for purpose in ("a", "b", "c")]
    together = Ensemble((3, 4, 2), 2, 3)(side_by_side(single, fits), states)
    for member, flat in enumerate(fits):
        torch.testing.assert_close(together[:, member], single(flat, states)[:, 0])


def test_fewer_episodes_than_folds_are_refused():
    job = Job(world(0.5)[0].dataset.select(np.arange(3)), [0])
    with pytest.raises(UserError, match="3 episodes are no 4 parts"):
        train_high_level(job, np.array([[0, 1, 0]]), 2, HighLevelSettings(**SETTINGS, home=HomeSettings()))

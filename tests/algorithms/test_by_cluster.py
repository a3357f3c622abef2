"""Any offline algorithm, once per cluster."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from stages.agents.contract import Conditions
from stages.agents.loading import load_agent
from stages.algorithms import ALGORITHMS
from stages.algorithms.by_cluster import groups, train_by_cluster
from stages.algorithms.contract import train_offline
from stages.artifacts import Artifact
from stages.errors import UserError
from stages.networks.ensemble import Ensemble
from stages.registry import Choice
from stages.training.job import Job
from tests.smallest import smallest_choice
from tests.synthetic import two_policies

SEEDS = [3, 7]
SWITCHED = sorted(set(ALGORITHMS.names()) - {"decision_transformer"})
GAP = 0.5


def by_cluster(labels: np.ndarray, num_clusters: int, choice: Choice, seeds: list[int] = SEEDS) -> Artifact:
    made = train_by_cluster(Job(data(), seeds), labels, num_clusters, choice)
    made.metadata |= {"seeds": seeds}
    return made


def data():
    return two_policies(episodes=20, steps=20, gap=GAP)


def true_labels() -> np.ndarray:
    """The true policies, numbered the other way round by the second seed."""
    truth = data().behaviour_policy
    return np.stack([truth, 1 - truth])


@pytest.mark.parametrize("name", SWITCHED)
def test_with_all_episodes_in_one_cluster_it_is_the_plain_algorithm(name):
    choice = smallest_choice(ALGORITHMS, name)
    plain = train_offline(Job(data(), SEEDS), choice)
    made = by_cluster(np.zeros((2, 20), dtype=np.int64), 1, choice)
    assert made.tensors.keys() - {"best_cluster"} == plain.tensors.keys()
    for key, tensor in plain.tensors.items():
        assert torch.equal(made.tensors[key], tensor.detach()), key
    ours, theirs = load_agent([made]), load_agent([Artifact(plain.tensors, {**plain.metadata, "seeds": SEEDS})])
    seen, conditions = torch.from_numpy(data().observations[:6]), Conditions(torch.tensor([0, 1, 0, 1, 1, 0]))
    ours.begin(conditions)
    theirs.begin(conditions)
    assert torch.equal(ours.act(seen), theirs.act(seen))


@pytest.mark.parametrize("name", ["bc", "td3_bc", "awac", "cql", "fql", "steady_bc"])  # of each kind of actor
def test_a_policy_is_the_plain_algorithm_s_on_its_cluster_whatever_the_others_are(name):
    choice = smallest_choice(ALGORITHMS, name)
    job, labels = Job(data(), SEEDS), true_labels()
    made = by_cluster(labels, 2, choice)
    alone = train_offline(job.part(np.flatnonzero(labels[1] == 0), [SEEDS[1]]), choice)
    sizes = tuple(made.metadata["policy_sizes"])
    views = Ensemble(sizes, 2, 2).views(made.tensors["policy/parameters"])
    expected = Ensemble(sizes).views(alone.tensors["policy/parameters"].detach())
    for found, wanted in zip(views, expected, strict=True):
        torch.testing.assert_close(found[2:3], wanted, rtol=1e-4, atol=1e-5)


def test_each_cluster_s_policy_is_learnt():
    """Actions are ``+-s / 2``: cloning of all is near 0, of the clusters near either."""
    choice = ALGORITHMS.choose({"method": "bc", "hidden_sizes": [32], "num_steps": 400, "learning_rate": 3e-3})
    labels = true_labels()
    agent = load_agent([by_cluster(labels, 2, choice)])
    assert (agent.num_seeds, agent.num_clusters) == (2, 2)
    seen = torch.linspace(-0.8, 0.8, 9)[:, None].expand(9, 2)
    for place in range(2):
        for cluster in range(2):
            agent.begin(Conditions(torch.full((9,), place), clusters=torch.full((9,), cluster)))
            sign = 1 if data().behaviour_policy_names[cluster if place == 0 else 1 - cluster] == "a" else -1
            torch.testing.assert_close(agent.act(seen), sign * GAP * seen, atol=0.2, rtol=0)


def test_seeds_that_found_the_same_cluster_train_on_it_together():
    found = groups(np.array([[0, 0, 1, 2], [2, 2, 0, 1], [0, 0, 0, 0]]))
    assert [(group.episodes.tolist(), group.places) for group in found] == [
        ([0, 1], [(0, 0), (1, 2)]),
        ([2], [(0, 1), (1, 0)]),
        ([3], [(0, 2), (1, 1)]),
        ([0, 1, 2, 3], [(2, 0)]),
    ]


def test_a_small_cluster_is_trained_on_and_an_empty_one_is_left_alone():
    labels = np.where(np.arange(20) == 4, 2, 0)[None].repeat(2, axis=0)
    made = by_cluster(labels, 3, smallest_choice(ALGORITHMS, "td3_bc", batch_size=256))
    networks = Ensemble(tuple(made.metadata["policy_sizes"]), 2, 3).views(made.tensors["policy/parameters"])
    assert [bool(networks[0][place].any()) for place in range(6)] == [True, False, True] * 2
    assert made.tensors["best_cluster"].tolist() in ([0, 0], [2, 2])


def test_the_best_cluster_is_followed_where_there_is_no_choice():
    labels = (data().episode_returns > np.median(data().episode_returns)).astype(np.int64)
    made = by_cluster(np.stack([labels, 1 - labels]), 2, smallest_choice(ALGORITHMS, "bc"))
    agent = load_agent([made])
    agent.begin(Conditions(torch.tensor([0, 1, 0])))
    agent.act(torch.zeros(3, 2))
    assert agent.followed.tolist() == [1, 0, 1]


def test_a_cluster_that_lacks_something_is_named_before_training():
    labels = np.where(np.arange(20) == 4, 1, 0)[None].repeat(2, axis=0)
    with pytest.raises(UserError) as caught:
        by_cluster(labels, 2, smallest_choice(ALGORITHMS, "percent_bc"))
    assert "cluster 1 of seed 3 (number of episodes: 1): percent_bc needs episodes of different" in str(caught.value)
    assert str(caught.value).endswith("or use fewer clusters")


def test_agents_that_remember_are_not_switched():
    with pytest.raises(UserError, match="one of several to switch among"):
        by_cluster(true_labels(), 2, smallest_choice(ALGORITHMS, "decision_transformer"))

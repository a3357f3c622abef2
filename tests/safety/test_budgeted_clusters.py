"""Clusters under a cost budget: values equal what is still to come, and the choice keeps to what is left."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from stages.agents.contract import Conditions
from stages.agents.loading import load_agent
from stages.artifacts import Artifact
from stages.clustering import CLUSTERING
from stages.errors import UserError
from stages.safety import SAFETY
from stages.safety.budgeted_clusters import BudgetedSettings
from stages.safety.clusters.budgeted_agent import choose_clusters
from stages.safety.clusters.cluster_policies import cluster_draws
from stages.safety.contract import train_safe
from stages.training.job import Job
from tests.safety.two_speeds import SLOW_REWARD, two_speeds

# The least that makes sense, for the tests that every method has to pass.
SMALLEST = [
    BudgetedSettings(hidden_sizes=(16, 16), num_steps=20, batch_size=16, learning_rate=0.001, policy_steps=10),
]

LONGEST = 12
QUICK = {
    "method": "budgeted_clusters",
    "cost_limits": [2.0, 20.0],
    "hidden_sizes": [32],
    "batch_size": 128,
    "policy_steps": 50,
}


def by_speed(seeds=(0,), refit_epochs=150, dataset=None, **settings):
    """Fast and slow episodes as clusters, found by their returns, with policies."""
    job = Job(dataset or two_speeds(), list(seeds))
    fitting = {"refit_epochs": refit_epochs, "refit_learning_rate": 0.01, "hidden_sizes": [16]}
    choice = CLUSTERING.choose({"method": "return_kmeans", "num_clusters": 2} | fitting | settings)
    return choice.entry(job, choice.settings).fit().artifact(seeds=list(seeds))


def trained(seeds=(0,), **settings):
    choice = SAFETY.choose(QUICK | {"num_steps": 600} | settings)
    return train_safe(Job(two_speeds(), list(seeds)), choice, by_speed(seeds))


def test_the_best_that_fits_is_followed_and_else_the_cheapest():
    rewards = torch.tensor([[1.0, 3.0, 2.0]]).expand(5, -1)
    costs = torch.tensor([[0.5, 9.0, 4.0]]).expand(5, -1)
    allowed = torch.tensor([[True, True, True]] * 4 + [[False, True, True]])
    budget = torch.tensor([10.0, 5.0, 1.0, 0.2, 1.0])
    assert choose_clusters(rewards, costs, allowed, budget).tolist() == [1, 2, 0, 0, 2]


def test_nothing_fits_into_a_budget_of_zero_or_less():
    rewards, costs = torch.tensor([[1.0, 3.0]]).expand(2, -1), torch.tensor([[-0.5, -0.1]]).expand(2, -1)
    allowed = torch.ones(2, 2, dtype=torch.bool)
    assert choose_clusters(rewards, costs, allowed, torch.tensor([0.0, -1.0])).tolist() == [0, 0]


def test_values_are_what_is_still_to_come():
    """Fast episodes earn and cost 1 per step, slow ones earn a third and cost nothing."""
    made = trained(num_steps=1500)
    dataset, labels = two_speeds(), by_speed().tensors["labels"][0].numpy()
    fast = labels[int(np.argmax(dataset.episode_costs))]
    agent = load_agent([made])
    agent.begin(Conditions(torch.zeros(20, dtype=torch.int64), torch.full((20,), 5.0)))
    agent.steps = 3
    observations = torch.from_numpy(dataset.observations[:20])
    rewards, costs = agent.offers(agent.placement.batches(agent.normaliser.observations(observations)))
    left = (dataset.episode_lengths - 3)[labels == fast].mean()
    assert costs[:, fast].mean().item() == pytest.approx(left, rel=0.15)
    assert costs[:, 1 - fast].mean().item() == pytest.approx(0, abs=0.7)
    slow_left = (dataset.episode_lengths - 3)[labels != fast].mean()
    assert rewards[:, fast].mean().item() == pytest.approx(left, rel=0.15)
    assert rewards[:, 1 - fast].mean().item() == pytest.approx(slow_left * SLOW_REWARD, abs=0.7)


def test_a_large_budget_is_spent_and_a_small_one_kept():
    agent = load_agent([trained(in_distribution_ratio=None)])
    observations = torch.from_numpy(two_speeds().observations[:20])
    agent.begin(Conditions(torch.zeros(40, dtype=torch.int64), torch.tensor([2.0, 20.0]).repeat(20)))
    actions = agent.act(observations.repeat_interleave(2, 0))
    assert actions[0::2, 0].max() < 0 < actions[1::2, 0].min()


def test_costs_count_the_budget_down():
    agent = load_agent([trained(in_distribution_ratio=None)])
    observations = torch.from_numpy(two_speeds().observations[:1])
    agent.begin(Conditions(torch.zeros(1, dtype=torch.int64), torch.tensor([20.0])))
    assert agent.act(observations)[0, 0] > 0
    agent.observe(torch.zeros(1), torch.tensor([19.0]))
    assert agent.budget.item() == 1
    assert agent.act(observations)[0, 0] < 0


@pytest.mark.parametrize("settings", [{"reward_values": "stitched"}, {"knows_time": False}, {"hold": 3}], ids=str)
def test_variants_train_and_act(settings):
    agent = load_agent([trained(num_steps=20, **settings)])
    observations = torch.from_numpy(two_speeds().observations[:4])
    agent.begin(Conditions(torch.zeros(4, dtype=torch.int64), torch.full((4,), 20.0)))
    for _ in range(3):
        assert agent.act(observations).isfinite().all()
        agent.observe(torch.zeros(4), torch.zeros(4))


def test_policies_are_fitted_to_their_own_cluster():
    rough = by_speed(refit_epochs=1)
    choice = SAFETY.choose(QUICK | {"num_steps": 0, "policy_steps": 400})
    agent = load_agent([train_safe(Job(two_speeds(), [0]), choice, rough)])
    fast = rough.tensors["labels"][0, int(np.argmax(two_speeds().episode_costs))].item()
    observations = torch.from_numpy(two_speeds().observations[:20])
    for cluster, speed in ((fast, 0.8), (1 - fast, -0.8)):
        agent.begin(Conditions(torch.zeros(20, dtype=torch.int64), torch.full((20,), 5.0)))
        agent.choose = lambda states, cluster=cluster: torch.full((20,), cluster)
        assert agent.act(observations)[:, 0].median().item() == pytest.approx(speed, abs=0.2)


def test_without_policy_steps_policies_stay_as_they_were_given():
    given = by_speed(refit_epochs=1)
    made = train_safe(Job(two_speeds(), [0]), SAFETY.choose(QUICK | {"num_steps": 0, "policy_steps": 0}), given)
    assert torch.equal(made.tensors["behaviours/parameters"], given.tensors["behaviours/parameters"])


def test_rows_are_drawn_from_their_cluster_whatever_others_there_are():
    of_row = np.array([[0, 0, 1, 1, 1], [1, 0, 0, 0, 1]])
    block = cluster_draws([3, 7], of_row, 3, batch_size=4).chunk(0, 8, torch.device("cpu"))["index"]
    alone = cluster_draws([7], of_row[1:], 2, batch_size=4).chunk(0, 8, torch.device("cpu"))["index"]
    assert torch.equal(block[:, 1, :2], alone[:, 0])
    for seed, cluster in ((0, 0), (0, 1), (1, 0), (1, 1)):
        assert (of_row[seed][block[:, seed, cluster]] == cluster).all()
    assert (block[:, :, 2] == 0).all()


def test_a_cluster_is_left_only_for_one_that_is_clearly_better():
    agent = load_agent([trained(num_steps=0, in_distribution_ratio=None, switch_margin=0.5)])
    agent.begin(Conditions(torch.zeros(1, dtype=torch.int64), torch.tensor([5.0])))
    unit = float(agent.units[0])
    followed = []
    for gain in (-0.1, 0.4, 0.6, 0.4):
        agent.offers = lambda states, gain=gain: (torch.tensor([[1.0, 1.0 + gain * unit]]), torch.zeros(1, 2))
        agent.act(torch.zeros(1, 3))
        followed.append(agent.followed.item())
    assert followed == [0, 0, 1, 1]


def test_clusters_that_do_not_fit_are_refused():
    job, choice = Job(two_speeds(), [0]), SAFETY.choose(QUICK)
    with pytest.raises(UserError, match="needs clusters, this is not there"):
        train_safe(job, choice)
    with pytest.raises(UserError, match="the clusters have no policies"):
        train_safe(job, choice, by_speed(refit_epochs=0))
    with pytest.raises(UserError, match=r"of the seeds \[3\], not \[0\]"):
        train_safe(job, choice, by_speed(seeds=(3,), refit_epochs=1))
    with pytest.raises(UserError, match="of 30 episodes, the dataset has 20"):
        train_safe(Job(two_speeds(20), [0]), choice, by_speed(refit_epochs=1))
    steady = {"hidden_sizes": [8], "num_steps": 5}
    with pytest.raises(UserError, match="of the kind bounded_gaussian, which is not fitted further"):
        train_safe(job, choice, by_speed(refit_epochs=1, steady=steady))
    with pytest.raises(UserError, match="needs costs"):
        train_safe(Job(replace(two_speeds(), costs=None), [0]), choice, by_speed(refit_epochs=1))
    with pytest.raises(UserError, match="needs clusters, this is partition"):
        train_safe(job, choice, Artifact({}, {"kind": "partition", "limits": [2]}))

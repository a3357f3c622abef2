"""Estimates of agents' returns, and what the file says about them."""

import math

import numpy as np
import pytest
import torch

from stages.datasets.episodes import EpisodeDataset
from stages.errors import UserError
from stages.evaluation.estimate_settings import CloningSettings, EstimateSettings
from stages.evaluation.return_estimates import estimate_returns, horizon_of
from stages.training.job import Job
from tests.evaluation.tabular import DISCOUNT, TabularAgent, every_transition, exact_q
from tests.synthetic import dataset_of

SMALLEST = [
    EstimateSettings(
        hidden_sizes=(16, 16),
        batch_size=50,
        num_steps=40,
        learning_rate=0.003,
        cloning=CloningSettings(hidden_sizes=(8,), num_steps=5),
    )
]
QUICK = {
    "discount": DISCOUNT,
    "num_steps": 800,
    "hidden_sizes": (64,),
    "batch_size": 128,
    "learning_rate": 3e-3,
    "target_update_rate": 0.05,
    "cloning": CloningSettings(hidden_sizes=(8,), num_steps=10),
}
UP = np.array([[0.9, 0.2, 0.6, 0.7, 0.5], [0.1, 0.8, 0.3, 0.4, 0.5]])


def test_start_values_are_those_of_the_policy_at_the_data_starts():
    agent, dataset = TabularAgent((UP > 0.5).astype(float)), every_transition()
    made = estimate_returns(Job(dataset, [3, 4]), agent, [], EstimateSettings(**QUICK))
    values = made.tensors["start_values"].numpy()
    assert values.shape == (2, 2, dataset.num_episodes)
    state = dataset.observations.argmax(1)
    for seed, policy in enumerate(agent.policies):
        expected = (policy * exact_q(policy)).sum(1)[state]
        np.testing.assert_allclose(values[seed].mean(0), expected, atol=0.15)
    assert made.metadata["discount"] == DISCOUNT and not made.metadata["sampled"]
    assert "doubly_robust" not in made.tensors


def test_sampled_actions_with_densities_bring_a_doubly_robust_estimate():
    agent, dataset = TabularAgent(UP), every_transition()
    settings = EstimateSettings(**QUICK, sample_actions=True, num_samples=8)
    made = estimate_returns(Job(dataset, [3, 4]), agent, [], settings)
    assert made.tensors["doubly_robust"].shape == (2,)
    effective = made.tensors["effective_episodes"]
    assert ((effective >= 1) & (effective <= dataset.num_episodes)).all()


def test_agents_without_densities_bring_none(monkeypatch):
    monkeypatch.setattr(TabularAgent, "log_density", lambda self, observations, actions: None)
    settings = SMALLEST[0].model_copy(update={"sample_actions": True})
    made = estimate_returns(Job(every_transition(), [3, 4]), TabularAgent(UP), [], settings)
    assert "doubly_robust" not in made.tensors and made.metadata["sampled"]


@pytest.mark.parametrize(
    ("lengths", "cut", "horizon"),
    [([3, 5, 5], [False, True, False], 5), ([3, 5, 5], [True, False, False], 0), ([2], [True], 2)],
)
def test_the_time_limit_is_known_where_the_longest_episodes_were_cut_off(lengths, cut, horizon):
    steps = sum(lengths)
    dataset = dataset_of(np.zeros((steps, 1)), np.zeros((steps, 1)), np.ones(steps), lengths, cut)
    assert horizon_of(dataset) == horizon


def test_a_horizon_may_be_told():
    settings = SMALLEST[0].model_copy(update={"horizon": 7})
    made = estimate_returns(Job(every_transition(), [3, 4]), TabularAgent(UP), [], settings)
    assert made.metadata["horizon"] == 7


def test_actions_to_choose_from_are_refused():
    plain = every_transition()
    arrays = {name: getattr(plain, name) for name in ("observations", "rewards", "terminations", "truncations")}
    chosen = (plain.actions[:, 0] > 0).astype(np.int64)
    dataset = EpisodeDataset(**arrays, actions=chosen, next_observations=plain.next_observations, num_actions=2)
    with pytest.raises(UserError, match="fitted Q evaluation needs actions that are vectors"):
        estimate_returns(Job(dataset, [3, 4]), TabularAgent(UP), [], SMALLEST[0])


def test_results_are_the_same_again_and_finite():
    once, again = (
        estimate_returns(Job(every_transition(), [3, 4]), TabularAgent(UP), [], SMALLEST[0]) for _ in range(2)
    )
    for name, tensor in once.tensors.items():
        assert torch.equal(tensor, again.tensors[name]) and tensor.isfinite().all(), name
    assert math.isfinite(once.tensors["scale"])

"""Linear policies with random effects: formulas by brute force, and what must not matter does not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.stats import multivariate_normal

from stages.clustering.conjugate.comparing import compare_by_turns, partition
from stages.clustering.conjugate.deviations import SCALES, absorbed, group_evidence, posterior, spread
from stages.clustering.conjugate.first_look import unless_clearly_nonlinear
from stages.clustering.conjugate.mixed import MixedPolicies
from stages.clustering.conjugate.noise import Noise
from stages.clustering.evidence import EvidenceSettings, group
from stages.datasets.episodes import EpisodeDataset
from stages.training.job import Job
from tests.synthetic import dataset_of

EPISODES, STEPS = 24, 60


def linear_policies(gap: float, noise: float, memory: float = 0.0, seed: int = 0, idle: int = 0) -> EpisodeDataset:
    """Episodes of two policies ``a = +-gap s + s + noise``, the noise lasting, besides action coordinates that idle."""
    random = np.random.default_rng(seed)
    truth = random.permutation(np.arange(EPISODES) % 2)
    observations = random.standard_normal((EPISODES, STEPS, 3))
    errors = noise * random.standard_normal((EPISODES, STEPS, 2))
    for t in range(1, STEPS):
        errors[:, t] = memory * errors[:, t - 1] + np.sqrt(1 - memory**2) * errors[:, t]
    sign = np.where(truth == 0, gap, -gap)[:, None, None]
    actions = (1 + sign) * observations[..., :2] + errors
    actions = np.concatenate([actions, np.full((EPISODES, STEPS, idle), 0.3)], 2).reshape(EPISODES * STEPS, -1)
    rewards = np.zeros(len(actions))
    return dataset_of(observations.reshape(-1, 3), actions, rewards, [STEPS] * EPISODES, behaviour_policy=truth)


def labels_found(dataset: EpisodeDataset, num_clusters: int | None = None) -> np.ndarray:
    found = group(Job(dataset, [0]), EvidenceSettings(num_clusters=num_clusters), [], 0)
    assert isinstance(found.policies, MixedPolicies)
    return found.labels


def agrees(labels: np.ndarray, truth: np.ndarray) -> bool:
    return len(set(labels)) == len(set(zip(labels, truth, strict=True))) == len(set(truth))


def test_evidence_is_the_likelihood_of_all_steps_together():
    """Two episodes of one cluster: actions are jointly normal, with w and the deviations in their covariance."""
    random = np.random.default_rng(0)
    inputs = [random.standard_normal((n, 2)) for n in (5, 7)]
    values = [random.standard_normal(n) for n in (5, 7)]
    within, between = np.array([0.3, 0.1]), np.array([2.0, 0.7])
    both, actions = np.concatenate(inputs), np.concatenate(values)
    same = np.repeat([0, 1], [5, 7])
    inside = (same[:, None] == same) * (both * within @ both.T)

    def density(scale: float) -> float:
        covariance = np.eye(12) + inside + scale * (both * between @ both.T)
        return float(multivariate_normal(np.zeros(12), covariance).logpdf(actions))

    precision = torch.from_numpy(np.stack([x.T @ x for x in inputs]))
    moment = torch.from_numpy(np.stack([x.T @ a for x, a in zip(inputs, values, strict=True)]))
    reduced, remaining, constant = absorbed(precision, moment, torch.from_numpy(within))
    sums = reduced.sum(0, keepdim=True), remaining.sum(0, keepdim=True)
    found = group_evidence(*sums, torch.from_numpy(between))[0] + constant.sum()
    alone = float(multivariate_normal(np.zeros(12), np.eye(12)).logpdf(actions))
    np.testing.assert_allclose(found.numpy() + alone, [density(scale) for scale in SCALES], rtol=1e-9)


def test_the_spread_of_episodes_is_found():
    random = np.random.default_rng(0)
    precision = torch.from_numpy(np.tile(50 * np.eye(3), (400, 1, 1, 1)))
    coefficients = random.standard_normal((400, 1, 3)) * np.array([0.0, 0.5, 2.0])
    moment = 50 * coefficients + np.sqrt(50) * random.standard_normal((400, 1, 3))
    found = spread(precision, torch.from_numpy(moment), torch.full((1, 3), 0.1, dtype=torch.float64))
    assert found[0, 0] < 0.005
    np.testing.assert_allclose(found[0, 1:].sqrt(), [0.5, 2.0], rtol=0.1)
    mean, _ = posterior(precision, torch.from_numpy(moment), found)
    assert np.abs(mean.numpy() - coefficients).mean() < 0.15


def test_the_scale_and_memory_of_noise_are_found():
    random = np.random.default_rng(0)
    states = random.uniform(-1, 1, 20_000)
    columns = torch.from_numpy(np.stack([np.ones_like(states), states], 1))
    errors = random.standard_normal(20_000)
    for t in range(1, len(errors)):
        errors[t] = 0.8 * errors[t - 1] + 0.6 * errors[t] if t % 100 else errors[t]
    residuals = torch.from_numpy(errors * np.exp(0.5 + states) ** 0.5)[:, None]
    starts, fitted = np.arange(0, 20_000, 100), torch.zeros(1, dtype=torch.float64)
    noise = Noise.of(columns, residuals, starts, fitted, residuals.square())
    np.testing.assert_allclose(noise.weights[:, 0], [0.5, 1.0], atol=0.1)
    assert noise.memory.item() == pytest.approx(0.8, abs=0.02)


@pytest.mark.parametrize("memory", [0.0, 0.95])
def test_one_policy_is_one_cluster(memory):
    assert set(labels_found(linear_policies(0.0, 0.2, memory))) == {0}


@pytest.mark.parametrize(("gap", "noise"), [(0.3, 0.2), (0.003, 0.001)])
def test_precise_policies_are_told_apart_like_others(gap, noise):
    dataset = linear_policies(gap, noise)
    assert agrees(labels_found(dataset), dataset.behaviour_policy)


def test_action_coordinates_that_never_move_count_nothing():
    dataset, with_idle = linear_policies(0.3, 0.2), linear_policies(0.3, 0.2, idle=3)
    assert np.array_equal(labels_found(dataset), labels_found(with_idle))


def test_units_do_not_matter():
    dataset = linear_policies(0.1, 0.3)
    scaled = linear_policies(0.1, 0.3)
    scaled.observations[:] = scaled.observations * np.float32([1e-3, 1.0, 64.0]) + np.float32([0.0, 2.0, 0.0])
    scaled.actions[:] = scaled.actions * np.float32([1e4, 1e-3])
    assert np.array_equal(labels_found(dataset), labels_found(scaled))


def test_told_k_is_found():
    assert len(set(labels_found(linear_policies(0.0, 0.2), num_clusters=4))) == 4


class Draws:
    """Generators of the features, counted."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> np.random.Generator:
        self.count += 1
        return np.random.default_rng(0)


def many_episodes(function: Callable[[np.ndarray], np.ndarray]) -> EpisodeDataset:
    """Forty episodes whose actions are a function of the state, and noise."""
    random, shape = np.random.default_rng(0), (40 * 50, 3)
    observations = random.standard_normal(shape)
    actions = function(observations[:, :2]) + 0.1 * random.standard_normal((len(observations), 2))
    return dataset_of(observations, actions, np.zeros(len(actions)), [50] * 40)


def test_the_first_episodes_say_that_policies_are_not_linear():
    draws = Draws()
    assert unless_clearly_nonlinear(many_episodes(lambda states: np.sin(2 * states)), draws, np.arange(40)) is None
    assert draws.count == 1


def test_linear_policies_are_estimated_from_all_episodes():
    draws, dataset = Draws(), many_episodes(lambda states: 0.5 * states)
    found = unless_clearly_nonlinear(dataset, draws, np.arange(40)[::-1])
    assert found is not None and draws.count == 2
    assert found.suffice(np.zeros(40, dtype=np.int64))
    alone = MixedPolicies(dataset, np.random.default_rng(0), np.arange(40))
    assert torch.equal(found.statistics(np.arange(5)), alone.statistics(np.arange(5)))


def test_a_coordinate_that_is_clearly_not_linear_is_enough():
    dataset = many_episodes(lambda states: np.stack([np.sin(2 * states[:, 0]), states[:, 1]], 1))
    policies = MixedPolicies(dataset, np.random.default_rng(0), np.arange(40))
    assert policies.nonlinear() >= policies.nonlinear(enough=3.0) > 3.0


def test_policies_without_noise_are_told_apart():
    dataset = linear_policies(gap=0.3, noise=0.0)
    assert agrees(labels_found(dataset), dataset.behaviour_policy)


@pytest.mark.parametrize("levels", [(0.2, 0.8), (0.2, 0.5, 0.8)])
def test_what_a_policy_holds_throughout_tells_it(levels):
    """One policy but for a coordinate that each holds at a level of its own."""
    dataset = linear_policies(gap=0.0, noise=0.2)
    truth = np.arange(EPISODES) % len(levels)
    held = np.repeat(np.array(levels)[truth], STEPS)[:, None].astype(np.float32)
    dataset = replace(dataset, actions=np.hstack([dataset.actions, held]))
    assert agrees(labels_found(dataset), truth)


@pytest.mark.parametrize(("score", "pieces_pass"), [(0.9, True), (1.1, False), (2.1, False)])
def test_in_doubt_clusters_have_to_foretell_something(monkeypatch, score, pieces_pass):
    """Policies pass where nothing nonlinear is seen or where they say more than one policy; pieces of one do not."""
    monkeypatch.setattr(MixedPolicies, "nonlinear", lambda policies, enough: score)
    episodes = np.arange(EPISODES)

    def passes(gap: float, labels: np.ndarray) -> bool:
        policies = MixedPolicies(linear_policies(gap, noise=0.2), np.random.default_rng(0), episodes)
        return policies.suffice(labels, np.random.default_rng(0))

    truth, few = linear_policies(0.3, noise=0.2).behaviour_policy, np.where(episodes < EPISODES - 7, 0, 1)
    assert passes(0.3, truth) == passes(0.0, few) == (score <= 2)
    assert passes(0.0, episodes // 12) == pieces_pass
    policies = MixedPolicies(linear_policies(0.0, noise=0.2), np.random.default_rng(0), episodes)
    assert policies.suffice(episodes // 12) == (score <= 2)


def test_probabilities_of_all_partitions_sum_to_one():
    policies = object.__new__(MixedPolicies)
    policies.prefers = True
    cycles = {1: 6, 2: 11, 3: 6, 4: 1}  # partitions of four, each counted Gamma(n) times for each of its groups
    total = sum(count * np.exp(policies.log_prior_of_number(number, 4)) for number, count in cycles.items())
    assert total == pytest.approx(1)
    policies.prefers = False
    assert policies.log_prior_of_number(3, 4) == 0


@pytest.mark.parametrize("gap", [0.0, 0.1, 0.6])
def test_turns_end_with_the_partition_under_the_best_spread(gap):
    """Whether it was seen on the way or not."""
    dataset = linear_policies(gap, 0.3)
    policies = MixedPolicies(dataset, np.random.default_rng(0), np.arange(EPISODES))
    found = compare_by_turns(policies, None)
    again = partition(policies, policies.chosen, None)
    np.testing.assert_array_equal(found.labels, again.labels)
    np.testing.assert_array_equal(found.added, again.added)
    assert (found.evidence, found.trace.pairs) == (again.evidence, again.trace.pairs)

"""Noise that differs from episode to episode."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from stages.clustering.conjugate.comparing import fewer, settled
from stages.clustering.conjugate.deviations import common_to_all
from stages.clustering.conjugate.mixed import MixedPolicies
from stages.clustering.conjugate.noise import Noise
from stages.clustering.conjugate.noise_effects import EpisodeNoise, Measured, Population, uncorrelated
from stages.clustering.evidence import EvidenceSettings, group
from stages.datasets.episodes import EpisodeDataset
from stages.training.job import Job
from tests.synthetic import dataset_of

EPISODES, STEPS = 40, 200
BOTH = torch.ones(2, dtype=torch.bool)


def recorded(observations: np.ndarray, actions: np.ndarray, truth: np.ndarray, steps: int) -> EpisodeDataset:
    """Episodes of equal length."""
    return dataset_of(observations, actions, np.zeros(len(actions)), [steps] * len(truth), behaviour_policy=truth)


def lasting(random: np.random.Generator, memory: np.ndarray, steps: int = STEPS) -> np.ndarray:
    """Noise of variance 1 of every episode, of so long a memory, in two coordinates."""
    news = random.standard_normal((len(memory), steps, 2)) * np.sqrt(1 - memory**2)[:, None, None]
    news[:, 0] /= np.sqrt(1 - memory**2)[:, None]
    for t in range(1, steps):
        news[:, t] += memory[:, None] * news[:, t - 1]
    return news


def measured(noise: np.ndarray, usual: Noise, like: EpisodeNoise | None = None) -> EpisodeNoise:
    """What episodes of such noise say, if nothing was fitted to them."""
    flat = noise.reshape(-1, 2)
    dataset = recorded(flat, flat, np.zeros(len(noise), np.int64), noise.shape[1])
    fitted = torch.zeros(len(noise), 2, dtype=torch.float64)
    return EpisodeNoise.of(torch.from_numpy(flat), None, dataset, fitted, usual, BOTH, BOTH, like)


def usual(memory: float = 0.0) -> Noise:
    return Noise(torch.zeros(1, 2, dtype=torch.float64), torch.full((2,), memory, dtype=torch.float64))


def test_loudness_and_memory_of_episodes_are_found():
    random = np.random.default_rng(0)
    loudness, memory = random.standard_normal(EPISODES), random.uniform(0, 0.9, EPISODES)
    found = measured(lasting(random, memory) * np.exp(loudness / 2)[:, None, None], usual())
    news = loudness + np.log(1 - memory**2)
    errors = {"memory": found.memory.numpy() - memory[:, None], "loudness": found.loudness.numpy() - news[:, None]}
    assert {name: np.square(each).mean() ** 0.5 < 0.12 for name, each in errors.items()} == dict.fromkeys(errors, True)


@pytest.mark.parametrize("memory", [0.0, 0.6])
def test_where_episodes_do_not_differ_noise_is_the_usual(memory):
    """Errors of what is measured pass for spread now and then, but are shrunk to a small part of themselves."""
    random = np.random.default_rng(1)
    found = measured(lasting(random, np.full(EPISODES, memory)), usual(memory))
    np.testing.assert_allclose(found.memory, memory, atol=0.08)
    np.testing.assert_allclose(found.loudness, np.log(1 - memory**2), atol=0.1)


def test_the_spread_of_a_population_is_found():
    random, information = np.random.default_rng(0), torch.full((500, 2), 4.0, dtype=torch.float64)
    true = 3 + random.standard_normal((500, 2)) * np.array([0.0, 1.5])
    population = Population.of(Measured(torch.from_numpy(true + 0.5 * random.standard_normal((500, 2))), information))
    np.testing.assert_allclose(population.usual, [3.0, 3.0], atol=0.15)
    np.testing.assert_allclose(population.spread.sqrt(), [0.0, 1.5], atol=0.2)


def test_episodes_are_measured_by_the_population_of_others():
    random = np.random.default_rng(0)
    scale = np.exp(random.standard_normal(EPISODES) / 2)[:, None, None]
    noise = lasting(random, np.zeros(EPISODES)) * scale
    all_of_them = measured(noise, usual())
    fourth = measured(noise[3:4], usual(), like=all_of_them)
    torch.testing.assert_close(fourth.loudness[0], all_of_them.loudness[3])
    torch.testing.assert_close(fourth.memory[0], all_of_them.memory[3])


def test_what_is_always_at_an_edge_tells_nothing_of_noise():
    random = np.random.default_rng(0)
    noise = lasting(random, np.zeros(EPISODES)) * np.exp(random.standard_normal(EPISODES))[:, None, None]
    flat = noise.reshape(-1, 2)
    dataset = recorded(flat, flat, np.zeros(EPISODES, np.int64), STEPS)
    fitted, between = torch.zeros(EPISODES, 2, dtype=torch.float64), torch.tensor([True, False])
    found = EpisodeNoise.of(torch.from_numpy(flat), None, dataset, fitted, usual(0.3), between, between)
    assert found.loudness[:, 0].std() > 1 and not found.loudness[:, 1].any()
    assert found.memory[:, 1].unique().tolist() == pytest.approx([0.3])
    precision, moment = found.with_coefficients(torch.zeros(EPISODES, 2, 1, 1), torch.zeros(EPISODES, 2, 1))
    assert torch.isfinite(precision).all() and torch.isfinite(moment).all()


def test_numbers_that_go_together_count_once():
    random = np.random.default_rng(0)
    together = torch.from_numpy(np.repeat(random.standard_normal((100, 1)), 3, axis=1))
    axes = uncorrelated(together, torch.full((100, 3), 9.0, dtype=torch.float64))
    spread = (together @ axes).square().sum(0)
    assert spread[-1] > 0.999 * spread.sum()
    torch.testing.assert_close(axes.square().sum(0), torch.full((3,), 9.0, dtype=torch.float64))


def labels_found(
    gains: list[float], scale: np.ndarray, memory: np.ndarray, truth: np.ndarray, held: bool = False
) -> np.ndarray:
    """Clusters of episodes whose policies have these gains, with noise of so large a scale and long a memory."""
    random, steps = np.random.default_rng(2), 60
    observations = random.standard_normal((len(truth), steps, 3))
    weights = np.array([[1.0, 0.5, 0.0], [0.0, -0.5, 1.0]])
    actions = np.array(gains)[truth, None, None] * (observations @ weights.T)
    actions += scale[:, None, None] * lasting(random, memory, steps)
    if held:
        actions[truth == 0, :, 1] = 0.3
    dataset = recorded(observations.reshape(-1, 3), actions.reshape(-1, 2), truth, steps)
    found = group(Job(dataset, [0]), EvidenceSettings(), [], 0)
    assert isinstance(found.policies, MixedPolicies)
    return found.labels


def agrees(labels: np.ndarray, truth: np.ndarray) -> bool:
    return len(set(labels)) == len(set(zip(labels, truth, strict=True))) == len(set(truth))


TWO, FOUR = np.repeat([0, 1], 20), np.repeat(np.arange(4), 10)


def test_policies_of_different_noise_are_told_apart():
    scale = np.array([0.05, 0.1, 0.3, 0.6])[FOUR]
    assert agrees(labels_found([0.7, 0.9, 1.1, 1.3], scale, np.zeros(40), FOUR), FOUR)


def test_policies_that_differ_in_their_noise_alone_are_told_apart():
    assert agrees(labels_found([1.0, 1.0], np.array([0.2, 0.3])[TWO], np.zeros(40), TWO), TWO)


def test_policies_that_differ_in_the_memory_of_their_noise_alone_are_told_apart():
    assert agrees(labels_found([1.0, 1.0], np.full(40, 0.2), np.array([0.1, 0.85])[TWO], TWO), TWO)


def test_a_policy_that_holds_what_the_other_moves_is_told_from_it():
    assert agrees(labels_found([1.0, 1.1], np.full(40, 0.1), np.zeros(40), TWO, held=True), TWO)


@pytest.mark.parametrize("seed", range(3))
def test_one_policy_that_is_loud_now_and_quiet_then_is_one_cluster(seed: int):
    scale = 0.2 * np.exp(0.7 * np.random.default_rng(seed).standard_normal(40))
    assert set(labels_found([1.0], scale, np.zeros(40), np.zeros(40, np.int64))) == {0}


def test_two_policies_are_told_apart_though_each_is_loud_now_and_quiet_then():
    scale = 0.2 * np.exp(0.7 * np.random.default_rng(0).standard_normal(40))
    assert agrees(labels_found([0.8, 1.2], scale, np.zeros(40), TWO), TWO)


def test_pieces_of_what_varies_by_itself_are_united():
    """Cut by how loud they are, pieces vary little: the likelihood under that spread confirms them."""
    loudness = np.random.default_rng(0).standard_normal(40)
    random, truth = np.random.default_rng(1), np.zeros(40, np.int64)
    actions = 0.2 * np.exp(0.7 * loudness)[:, None, None] * lasting(random, np.zeros(40))
    observations = random.standard_normal((40 * STEPS, 3))
    dataset = recorded(observations, observations[:, :2] + actions.reshape(-1, 2), truth, STEPS)
    policies = MixedPolicies(dataset, np.random.default_rng(0), np.arange(40))
    pieces = np.argsort(np.argsort(loudness)) // 10
    confirmed = settled(policies, pieces)[0]
    united = list(fewer(policies, pieces))
    assert len(united) == 3 and max(likelihood for likelihood, _ in united) > confirmed


def test_what_episodes_have_in_common_is_their_weighted_mean():
    """Two coefficients that are known each by itself: the mean weighted by 1 / (spread + error)."""
    random = np.random.default_rng(0)
    information = random.uniform(1, 9, (30, 1, 2))
    values, spread = random.standard_normal((30, 1, 2)), np.array([[0.5, 2.0]])
    found = common_to_all(
        torch.diag_embed(torch.from_numpy(information)),
        torch.from_numpy(information * values),
        torch.from_numpy(spread),
    )
    weights = 1 / (spread + 1 / information)
    np.testing.assert_allclose(found, (weights * values).sum(0) / weights.sum(0), rtol=1e-6)

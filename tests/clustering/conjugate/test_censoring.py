"""Actions at the edge of a box: moments against SciPy, derivatives against differences, and clipped policies."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import norm, truncnorm

from stages.clustering.conjugate.censoring import Beside, Edges
from stages.clustering.conjugate.mixed import MixedPolicies
from stages.clustering.conjugate.noise import whiten_
from stages.clustering.evidence import EvidenceSettings, group
from stages.datasets.episodes import EpisodeDataset
from stages.training.job import Job
from tests.synthetic import dataset_of

EPISODES, STEPS = 24, 60


def at_edge(beyond: list[float], side: int, variance: float) -> Beside:
    """Actions at an edge, the policy's mean being so far beyond it."""
    residuals = -side * torch.tensor(beyond, dtype=torch.float64)[:, None]
    return Beside.of(
        torch.full_like(residuals, side, dtype=torch.int64), residuals, torch.full_like(residuals, variance)
    )


def clipped(
    gains: list[float], noise: float = 0.1, seed: int = 0, low: float = -1.0, high: float = 1.0
) -> EpisodeDataset:
    """Episodes of linear policies ``a = clip(gain s)``, each by turns, from states of the size of the box."""
    random = np.random.default_rng(seed)
    truth = np.arange(EPISODES) % len(gains)
    states = random.standard_normal((EPISODES, STEPS, 2)) + random.standard_normal((EPISODES, 1, 2))
    wanted = np.array(gains)[truth][:, None, None] * states + noise * random.standard_normal(states.shape)
    actions = wanted.clip(low, high).reshape(-1, 2)
    rewards = np.zeros(len(actions))
    return dataset_of(states.reshape(-1, 2), actions, rewards, [STEPS] * EPISODES, behaviour_policy=truth)


def labels_found(dataset: EpisodeDataset) -> np.ndarray:
    return group(Job(dataset, [0]), EvidenceSettings(num_clusters=None), [], 0).labels


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize("variance", [1.0, 0.04])
def test_what_is_expected_beyond_the_edge_are_the_moments_of_a_truncated_normal(side, variance):
    beyond, scale = [-2.0, -0.3, 0.0, 0.3, 1.0], variance**0.5
    found = at_edge(beyond, side, variance)
    for row, mean in enumerate(beyond):  # the edge is at 0, the policy's mean beyond it
        above = truncnorm(-mean / scale, np.inf, loc=mean, scale=scale)
        assert found.expected[row].item() == pytest.approx(side * (above.mean() - mean), rel=1e-6, abs=1e-9)
        assert found.squares[row].item() == pytest.approx(above.var() + (above.mean() - mean) ** 2, rel=1e-6)


def test_the_parabola_touches_the_log_likelihood():
    beyond, step = np.array([-4.0, -1.0, 0.0, 0.5, 3.0]), 1e-4
    found = at_edge(beyond.tolist(), 1, 1.0)
    before, at, after = (norm.logcdf(beyond + change) for change in (-step, 0, step))
    weights = found.weights[:, 0].numpy()
    np.testing.assert_allclose(found.residuals[:, 0].numpy() * weights, (after - before) / (2 * step), rtol=1e-5)
    np.testing.assert_allclose(weights, -(after - 2 * at + before) / step**2, rtol=1e-3)


def test_a_step_far_beyond_the_edge_counts_nothing_and_a_surprising_one_counts_whole():
    found = at_edge([20.0, -20.0, 1e6, -1e6], 1, 1.0)
    assert found.weights[[0, 2]].max() < 1e-5 and found.weights[[1, 3]].min() > 0.99
    assert all(values.isfinite().all() for values in (found.residuals, found.weights, found.squares))
    assert found.count.item() == pytest.approx(2, abs=0.02)


def test_actions_between_the_edges_are_taken_at_their_word():
    residuals = torch.tensor([[0.3], [-2.0]], dtype=torch.float64)
    found = Beside.of(torch.zeros(2, 1, dtype=torch.int64), residuals, torch.ones(2, 1, dtype=torch.float64))
    assert torch.equal(found.residuals, residuals) and torch.equal(found.expected, residuals)
    assert torch.equal(found.squares, residuals.square()) and (found.weights == 1).all()


def test_extremes_that_occur_once_are_no_edges():
    actions = np.random.default_rng(0).standard_normal((300, 3))
    actions[:, 0] = actions[:, 0].clip(-1, 1)
    actions[:, 1] = actions[:, 1].clip(0, None)
    edges = Edges.of(actions, np.array([0, 100, 200]))
    assert edges.lowest.tolist() == [-1.0, 0.0, -np.inf] and edges.highest.tolist() == [1.0, np.inf, np.inf]
    side = edges.side(actions)
    assert set(side[:, 0].tolist()) == {-1, 0, 1} and set(side[:, 1].tolist()) == {-1, 0} and not side[:, 2].any()


def test_what_episodes_hold_throughout_is_no_edge():
    """The first coordinate is .2 or .8 for whole episodes; the second comes to its upper edge now and then."""
    actions = np.random.default_rng(0).standard_normal((40, 10, 2)).clip(None, 1)
    actions[:, :, 0] = np.where(np.arange(40) % 2, 0.2, 0.8)[:, None]
    edges = Edges.of(actions.reshape(-1, 2), np.arange(0, 400, 10))
    assert edges.lowest.tolist() == [-np.inf, -np.inf] and edges.highest.tolist() == [np.inf, 1.0]


def test_weights_of_one_change_no_whitening():
    random = np.random.default_rng(0)
    values, variance = torch.from_numpy(random.standard_normal((50, 3))), torch.full((50,), 0.5, dtype=torch.float64)
    first, memory = torch.tensor([0, 20]), torch.full((50,), 0.7, dtype=torch.float64)
    weighed = whiten_(values.clone(), variance, memory, first, torch.ones(50, dtype=torch.float64))
    torch.testing.assert_close(weighed, whiten_(values, variance, memory, first))


def test_what_counts_nothing_leaves_no_memory():
    values, weights = torch.ones(3, 1, dtype=torch.float64), torch.tensor([1.0, 0.0, 1.0], dtype=torch.float64)
    variance, memory = torch.ones(3, dtype=torch.float64), torch.tensor(0.7, dtype=torch.float64)
    free = whiten_(values.clone(), variance, memory, torch.tensor([0]), weights)
    assert free[:, 0].tolist() == pytest.approx([0.51**0.5, 0.0, 0.51**0.5])


def test_the_gain_of_a_clipped_policy_is_found_where_most_of_its_actions_are_at_the_edge():
    dataset = clipped([4.0], noise=0.3)
    assert (np.abs(dataset.actions) == 1).mean() > 0.6
    policies = MixedPolicies(dataset, np.random.default_rng(0), np.arange(EPISODES))
    steps = policies.steps
    gain = (policies.common[1:] / policies.rotation.diagonal()).diagonal().numpy() * steps.acted[1] / steps.observed[1]
    np.testing.assert_allclose(gain, 4.0, rtol=0.05)


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("gains", [[0.8, -0.8], [0.7, 1.6], [1.2, -0.6, 0.3]])
def test_clipped_policies_are_told_apart(gains, seed):
    dataset = clipped(gains, seed=seed)
    labels = labels_found(dataset)
    assert len(set(labels)) == len(set(zip(labels, dataset.behaviour_policy, strict=True))) == len(gains)


@pytest.mark.parametrize(("low", "high"), [(-1.0, 1.0), (0.0, np.inf), (-0.5, 0.1)])
def test_a_clipped_policy_is_one_cluster(low, high):
    assert set(labels_found(clipped([2.0], low=low, high=high))) == {0}


@pytest.mark.parametrize("coordinate", ["throttle", "gripper"])
def test_linear_policies_suffice_though_a_device_shows_a_part_of_what_they_ask_for(coordinate):
    random, truth = np.random.default_rng(0), np.arange(EPISODES) % 3
    states = random.standard_normal((EPISODES, STEPS, 4))
    gains = random.standard_normal((3, 4, 2))[truth]
    actions = (states @ gains + 0.3 * random.standard_normal((EPISODES, STEPS, 2))).reshape(-1, 2)
    actions[:, 0] = np.maximum(actions[:, 0], 0) if coordinate == "throttle" else np.sign(actions[:, 0])
    rewards = np.zeros(len(actions))
    dataset = dataset_of(states.reshape(-1, 4), actions, rewards, [STEPS] * EPISODES, behaviour_policy=truth)
    policies = MixedPolicies(dataset, np.random.default_rng(0), np.arange(EPISODES))
    assert policies.suffice(truth)
    labels = labels_found(dataset)
    assert len(set(labels)) == len(set(zip(labels, truth, strict=True))) == 3

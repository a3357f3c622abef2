"""Noise with tails: its degrees of freedom, and clusters that single steps far off do not make."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import t as student

from stages.clustering.conjugate.mixed import MixedPolicies
from stages.clustering.conjugate.tails import freedom_of, tail_weights
from stages.clustering.evidence import EvidenceSettings, group
from stages.datasets.episodes import EpisodeDataset
from stages.training.job import Job
from tests.synthetic import dataset_of

EPISODES, STEPS = 40, 50


def jerking(gap: float, seed: int = 0, freedom: float = 2.5) -> EpisodeDataset:
    """Two policies ``a = (1 +- gap) s`` whose hands slip."""
    random = np.random.default_rng(seed)
    truth, states = random.permutation(np.arange(EPISODES) % 2), random.standard_normal((EPISODES, STEPS, 3))
    noise = 0.2 * random.standard_t(freedom, (EPISODES, STEPS, 2))
    actions = (1 + np.where(truth == 0, gap, -gap))[:, None, None] * states[..., :2] + noise
    rewards = np.zeros(EPISODES * STEPS)
    lengths = [STEPS] * EPISODES
    return dataset_of(states.reshape(-1, 3), actions.reshape(-1, 2), rewards, lengths, behaviour_policy=truth)


def labels_found(dataset: EpisodeDataset) -> np.ndarray:
    return group(Job(dataset, [0]), EvidenceSettings(num_clusters=None), [], 0).labels


@pytest.mark.parametrize("freedom", [2.0, 3.0, 5.0])
def test_tails_are_told_from_normal_noise(freedom):
    random = np.random.default_rng(0)
    found = freedom_of(torch.from_numpy(random.standard_t(freedom, (20_000, 3))))
    assert found is not None and freedom / 2 < found < 2 * freedom
    assert freedom_of(torch.from_numpy(random.standard_normal((20_000, 3)))) is None


def test_the_parabola_touches_the_log_likelihood():
    """Its slope is that of Student's t, with the variance that belongs to the mode."""
    residuals, scale, freedom = np.array([0.1, 1.0, 20.0]), 0.7, 3.0
    mode = torch.tensor([[scale**2 * freedom / (freedom + 1)]])
    weights = tail_weights(torch.from_numpy(residuals)[:, None], mode, freedom)[:, 0]
    change = 1e-5
    slope = student.logpdf(residuals + change, freedom, 0, scale) - student.logpdf(
        residuals - change, freedom, 0, scale
    )
    np.testing.assert_allclose(-(weights.numpy() * residuals / mode.item()), slope / (2 * change), rtol=1e-5)


@pytest.mark.parametrize("seed", range(3))
def test_slips_make_no_clusters(seed):
    assert set(labels_found(jerking(0.0, seed))) == {0}


@pytest.mark.parametrize("seed", range(3))
def test_policies_are_told_apart_though_hands_slip(seed):
    dataset = jerking(0.2, seed)
    assert MixedPolicies(dataset, np.random.default_rng(0), np.arange(EPISODES)).freedom is not None
    labels = labels_found(dataset)
    assert len(set(labels)) == 2
    assert len(set(zip(labels, dataset.behaviour_policy, strict=True))) == 2

import numpy as np
import pytest

from stages.clustering.summaries.episode_features import CLIPPED, Scaler, means, summaries
from stages.training.job import Job
from tests.clustering.discrete_policies import discrete_policies
from tests.synthetic import ragged


def test_means_are_those_of_each_episode():
    dataset = ragged()
    found = means(dataset.observations, dataset)
    for episode, (start, end) in enumerate(zip(dataset.episode_starts, dataset.episode_ends, strict=True)):
        assert found[episode] == pytest.approx(dataset.observations[start:end].astype(float).mean(0))


def test_summaries_of_vectors_are_means_and_deviations():
    dataset = ragged()
    job = Job(dataset, [0])
    found = summaries(job, dataset)
    assert found.shape == (9, 10)
    for episode, (start, end) in enumerate(zip(dataset.episode_starts, dataset.episode_ends, strict=True)):
        observations, actions = job.observations[start:end].numpy(), job.actions[start:end].numpy()
        parts = [observations.mean(0), observations.std(0), actions.mean(0), actions.std(0)]
        assert found[episode] == pytest.approx(np.concatenate(parts), abs=1e-5)


def test_summaries_of_names_are_frequencies():
    dataset = discrete_policies(episodes=5, steps=4)
    found = summaries(Job(dataset, [0]), dataset)
    assert found.shape == (5, 6 + 3)
    assert found[:, :6].sum(1) == pytest.approx(1)
    for episode in range(5):
        actions = dataset.actions[4 * episode : 4 * episode + 4]
        assert found[episode, 6:] == pytest.approx(np.bincount(actions, minlength=3) / 4)


def test_scaled_features_have_unit_variance_and_constants_do_no_harm():
    features = np.random.default_rng(0).normal(3, 5, (50, 4))
    features[:, 2] = 7.0
    scaler = Scaler(features)
    scaled = scaler(features)
    assert scaled.mean(0) == pytest.approx(0, abs=1e-9)
    assert scaled.std(0) == pytest.approx([1, 1, 0, 1])
    assert np.abs(scaler(1e9 * features)).max() == CLIPPED

import numpy as np
import pytest

from stages.clustering.subspaces.codes import Codes
from stages.clustering.subspaces.tabular_em import TabularEm
from stages.training.job import Job
from tests.clustering.discrete_policies import discrete_policies


def fitted(dataset, labels, iterations=100, clusters=2, smoothing=0.01) -> TabularEm:
    codes = Codes(Job(dataset, [0]), 0, 64, 16)
    return TabularEm(codes, clusters, smoothing).fit(codes.counts(dataset), np.arange(len(labels)), labels, iterations)


def test_score_never_falls():
    dataset = discrete_policies(policies=3, noise=0.5, episodes=60)
    for seed in range(5):
        start = np.random.default_rng(seed).integers(3, size=60)
        em = fitted(dataset, start, clusters=3)
        assert (np.diff(em.scores) >= -1e-12).all()
        assert len(em.scores) > 3
        assert em.settled


def test_tables_are_smoothed_counts_and_the_posterior_that_of_the_product():
    dataset = discrete_policies(episodes=6, steps=5)
    labels = np.array([0, 0, 0, 1, 1, 1])
    em = fitted(dataset, labels, iterations=0, smoothing=0.5)
    counts = np.full((2, 6, 3), 0.5)
    for row, episode in enumerate(dataset.episode_of_step):
        counts[labels[episode], int(dataset.observations[row, 0]), dataset.actions[row]] += 1
    expected = np.log(counts / counts.sum(-1, keepdims=True))
    assert em.log_policies.reshape(2, 6, 3) == pytest.approx(expected)
    scores = np.zeros((6, 2))
    for row, episode in enumerate(dataset.episode_of_step):
        scores[episode] += expected[:, int(dataset.observations[row, 0]), dataset.actions[row]]
    weights = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
    assert em.responsibilities(em.codes.counts(dataset)) == pytest.approx(weights)


def test_first_tables_come_from_the_chosen_episodes_alone():
    dataset = discrete_policies(episodes=10)
    codes = Codes(Job(dataset, [0]), 0, 64, 16)
    some = TabularEm(codes, 2, 0.01).fit(codes.counts(dataset), np.array([2, 5]), np.array([0, 1]), 0)
    assert some.responsibilities(codes.counts(dataset))[[2, 5]].argmax(1).tolist() == [0, 1]

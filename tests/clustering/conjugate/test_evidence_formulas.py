"""Evidence is what it says: the integral over policies, checked step by step and by brute force."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import t as student_t

from stages.clustering.alternation.state_action_counts import StateActionCounts
from stages.clustering.conjugate.agglomeration import agglomerate, keep_populated, move_one_by_one
from stages.clustering.conjugate.dirichlet import DirichletPolicies
from stages.clustering.conjugate.linear import PRIOR_PRECISION, PRIOR_RATE, PRIOR_SHAPE, BayesianLinearPolicies
from stages.training.job import Job
from tests.clustering.tables import long_table_dataset
from tests.synthetic import make_episodes, two_policies


def linear(dataset) -> BayesianLinearPolicies:
    return BayesianLinearPolicies(Job(dataset, [0]), 5, np.random.default_rng(0))


def test_linear_evidence_is_the_product_of_student_t_predictions():
    """Chain rule: p(a_1 .. a_n) = prod_t p(a_t | a_1 .. a_t-1), each a Student t."""
    dataset = make_episodes([12])
    policies = linear(dataset)
    features, targets = (x.numpy() for x in policies._rows(dataset, np.arange(12)))
    precision, moment = PRIOR_PRECISION * np.eye(features.shape[1]), np.zeros((features.shape[1], targets.shape[1]))
    shape, rate, total = PRIOR_SHAPE, np.full(targets.shape[1], PRIOR_RATE), 0.0
    for phi, a in zip(features, targets, strict=True):
        mean = np.linalg.solve(precision, moment)
        variance = rate / shape * (1 + phi @ np.linalg.solve(precision, phi))
        total += student_t.logpdf(a, 2 * shape, phi @ mean, np.sqrt(variance)).sum()
        quadratic = (mean * (precision @ mean)).sum(0)
        precision, moment, shape = precision + np.outer(phi, phi), moment + np.outer(phi, a), shape + 0.5
        mean = np.linalg.solve(precision, moment)
        rate = rate + (a**2 + quadratic - (mean * (precision @ mean)).sum(0)) / 2
    assert policies.evidence(policies.statistics(np.array([0]))).item() == pytest.approx(total, rel=1e-9)


@pytest.mark.parametrize("concentration", [0.01, 0.5])
def test_dirichlet_evidence_is_the_product_of_smoothed_frequencies(concentration):
    dataset = long_table_dataset(4, 2)
    table = StateActionCounts(dataset, concentration)
    counts, total = np.zeros(table.matrix.shape[1]), 0.0
    for episode in table.matrix[:3].toarray():
        for pair in np.repeat(np.arange(len(episode)), episode.astype(int)):
            inside = table.state == table.state[pair]
            total += np.log((counts[pair] + concentration) / (counts[inside] + concentration).sum())
            counts[pair] += 1
    policies = DirichletPolicies(table)
    together = policies.statistics(np.arange(3)).sum(0, keepdim=True)
    assert policies.evidence(together).item() == pytest.approx(total, rel=1e-9)


def test_what_all_episodes_do_counts_as_steps_of_every_policy():
    table = StateActionCounts(long_table_dataset(4, 2), 0.1)
    policies, counts = DirichletPolicies.about_all(table, 20.0), np.asarray(table.matrix.sum(0))[0] + 0.5
    np.testing.assert_allclose(policies.prior, 20.0)
    inside = table.state == table.state[0]
    np.testing.assert_allclose(policies.alpha[inside], 20 * counts[inside] / counts[inside].sum())
    nothing = torch.zeros(1, len(counts) + 1, dtype=torch.float64)
    seen = policies.log_likelihood(table.dataset, nothing)[:, 0]
    np.testing.assert_allclose(seen, table.matrix @ np.log(policies.alpha.numpy() / 20))


@pytest.mark.parametrize("family", ["linear", "dirichlet"])
def test_clusters_are_sums_of_their_episodes(family):
    dataset = two_policies(10) if family == "linear" else long_table_dataset(10, 2)
    policies = linear(dataset) if family == "linear" else DirichletPolicies(StateActionCounts(dataset, 0.1))
    labels = np.array([0, 1, 0, -1, 1, 0, 1, 1, 0, -1])
    each = policies.statistics(np.arange(10))
    expected = torch.stack([each[labels == z].sum(0) for z in range(2)])
    torch.testing.assert_close(policies.total(labels, 2), expected)


def test_mean_policies_explain_their_own_episodes_best():
    dataset = two_policies(10)
    policies = linear(dataset)
    truth = dataset.behaviour_policy
    scores = policies.log_likelihood(dataset, policies.total(truth, 2))
    assert np.array_equal(scores.argmax(1).numpy(), truth)


def test_tempering_weighs_steps():
    """Half the weight on every step twice over is the step itself."""
    policies = linear(two_policies(4))
    statistics = policies.statistics(np.arange(4))
    whole = policies.evidence(statistics)
    policies.temper = 0.5
    torch.testing.assert_close(policies.evidence(2 * statistics), whole)


def test_merging_gains_add_up_and_the_trace_is_consistent():
    policies = linear(two_policies(9))
    statistics = policies.statistics(np.arange(9))
    trace = agglomerate(policies, statistics)
    alone = policies.evidence(statistics).sum()
    for num_clusters in (1, 2, 5, 9):
        labels = trace.labels(num_clusters)
        assert len(np.unique(labels)) == num_clusters
        clusters = torch.stack([statistics[labels == z].sum(0) for z in range(num_clusters)])
        gained = trace.gains[: 9 - num_clusters].sum()
        assert (policies.evidence(clusters).sum() - alone).item() == pytest.approx(gained, rel=1e-9, abs=1e-6)


def test_moving_episodes_raises_the_evidence_and_repairs_a_bad_start():
    dataset = two_policies(12)
    policies = linear(dataset)
    statistics = policies.statistics(np.arange(12))
    start = dataset.behaviour_policy.copy()
    start[:2] = 1 - start[:2]
    labels, added = move_one_by_one(policies, statistics, start, 2)

    def total(counts: np.ndarray) -> float:
        return policies.evidence(torch.stack([statistics[counts == z].sum(0) for z in range(2)])).sum().item()

    assert total(labels) > total(start)
    assert np.array_equal(labels, added.argmax(1))
    assert len(set(zip(labels, dataset.behaviour_policy, strict=True))) == 2


def test_halves_make_up_whole_episodes():
    policies = linear(make_episodes([1, 6, 9]))
    first, second = policies.halves(np.arange(3))
    torch.testing.assert_close(first + second, policies.statistics(np.arange(3)))


def test_the_last_episode_of_a_cluster_stays():
    policies = linear(two_policies(6, gap=0.0))
    labels, added = move_one_by_one(policies, policies.statistics(np.arange(6)), np.array([0, 1, 2, 0, 0, 0]), 3)
    assert set(labels) == {0, 1, 2}
    assert np.array_equal(labels, added.argmax(1))


def test_clusters_stay_populated_by_those_that_lose_least():
    log_weights = torch.tensor([[0.0, -3.0, -9.0], [0.0, -1.0, -9.0], [0.0, -2.0, -5.0], [0.0, -9.0, -4.0]])
    kept = keep_populated(log_weights, np.array([0, 1, 1, 2]))
    assert kept.argmax(1).tolist() == [0, 1, 0, 2]
    assert torch.equal(kept[[0, 2]], log_weights[[0, 2]])
    assert torch.softmax(kept[1], 0).tolist() == [0.0, 1.0, 0.0]

import numpy as np
import pytest

from stages.clustering.alternation.state_action_counts import StateActionCounts, distinct
from stages.datasets.episodes import EpisodeDataset
from tests.clustering.tables import table_dataset


def slow_log_likelihood(dataset: EpisodeDataset, episode: int, members: list[int], smoothing: float) -> float:
    """Of one episode under the policy of some, step by step, over the actions that anyone takes in the state."""
    states = dataset.observations[:, 0]

    def steps_of(episodes: list[int]) -> np.ndarray:
        return np.isin(dataset.episode_of_step, episodes)

    total = 0.0
    for row in np.flatnonzero(dataset.episode_of_step == episode):
        here = states == states[row]
        possible = len(np.unique(dataset.actions[here]))
        same = here & (dataset.actions == dataset.actions[row])
        taken, seen = (same & steps_of(members)).sum(), (here & steps_of(members)).sum()
        total += np.log((taken + smoothing) / (seen + smoothing * possible))
    return total


def labels_of(dataset: EpisodeDataset, clusters: int) -> np.ndarray:
    return np.arange(dataset.num_episodes) % clusters


def test_scores_are_those_of_the_policies_counted_step_by_step():
    dataset = table_dataset(episodes=12)
    table, labels = StateActionCounts(dataset, 0.3), labels_of(dataset, 3)
    counts = table.by_cluster(labels, 3, np.ones(12))
    scores = table.matrix @ table.log_probs(counts).T
    for episode in range(12):
        for cluster in range(3):
            expected = slow_log_likelihood(dataset, episode, np.flatnonzero(labels == cluster).tolist(), 0.3)
            assert scores[episode, cluster] == pytest.approx(expected, abs=1e-9)
    totals = [scores[labels == cluster, cluster].sum() for cluster in range(3)]
    np.testing.assert_allclose(table.likelihood(counts), totals)


def test_probabilities_of_every_state_sum_to_one():
    table = StateActionCounts(table_dataset(), 0.01)
    counts = table.by_cluster(labels_of(table_dataset(), 4), 5, np.ones(40))
    np.testing.assert_allclose(table.per_state(np.exp(table.log_probs(counts))), 1.0)
    unseen = np.exp(table.log_probs(np.zeros((1, len(table.pairs)))))
    np.testing.assert_allclose(unseen[0], 1 / np.bincount(table.state)[table.state])


def test_states_in_which_all_do_the_same_are_left_out():
    dataset = table_dataset(agree_on=(0, 1))
    table = StateActionCounts(dataset, 0.01)
    left = np.unique(dataset.observations[np.isin(dataset.observations[:, 0], [0, 1]), 0])
    assert len(left) == 2
    assert len(table.first) == len(np.unique(dataset.observations[:, 0])) - 2
    pairs = {(s, a) for s, a in zip(dataset.observations[:, 0].tolist(), dataset.actions.tolist(), strict=True)}
    assert table.num_pairs == len(pairs)


def test_floor_holds():
    table = StateActionCounts(table_dataset(), 0.01, floor=-3.0)
    counts = table.by_cluster(labels_of(table_dataset(), 2), 2, np.ones(40))
    assert table.log_probs(counts).min() >= -3.0


def test_other_episodes_are_counted_the_same_and_the_unknown_is_passed_over():
    dataset = table_dataset()
    table = StateActionCounts(dataset, 0.01)
    chosen = np.array([7, 3, 20])
    assert (table.of(dataset.select(chosen)) != table.matrix[chosen]).nnz == 0
    foreign = dataset.select(chosen)
    foreign.observations[:] = 99.0
    assert table.of(foreign).nnz == 0


def test_a_dataset_in_which_nothing_differs_has_no_pairs():
    dataset = table_dataset()
    dataset.actions[:] = 1
    table = StateActionCounts(dataset, 0.01)
    assert table.matrix.shape == (40, 0)
    assert table.likelihood(table.by_cluster(labels_of(dataset, 2), 2, np.ones(40))).tolist() == [0.0, 0.0]


def test_distinct_rows_are_those_of_numpy():
    rows = np.random.default_rng(0).integers(0, 3, (200, 4)).astype(np.float32)
    found, number = distinct(rows)
    np.testing.assert_array_equal(found[number], rows)
    assert len(found) == len(np.unique(rows, axis=0))

import numpy as np
import pytest
from scipy.special import betaln

from stages.clustering.alternation.num_clusters import description_length
from stages.clustering.alternation.state_action_counts import StateActionCounts
from tests.clustering.tables import table_dataset


def length_of(labels: np.ndarray, dataset) -> float:
    table, clusters = StateActionCounts(dataset, 0.01), int(labels.max()) + 1
    counts = table.by_cluster(labels, clusters, np.ones(len(labels)))
    return description_length(table, counts, np.bincount(labels))


def test_description_length_is_that_of_coding_one_action_after_the_other():
    dataset = table_dataset(episodes=10)
    table, labels = StateActionCounts(dataset, 0.01), np.arange(10) % 2
    states, actions = dataset.observations[:, 0], dataset.actions
    expected = float(betaln(6, 6))  # uniform prior over the clusters' shares, 5 and 5 episodes
    for cluster in range(2):
        seen: dict[tuple[float, int], int] = {}
        for row in np.flatnonzero(labels[dataset.episode_of_step] == cluster):
            possible = np.unique(actions[states == states[row]])
            if len(possible) > 1:
                counts = [seen.get((states[row], action), 0) + 0.5 for action in possible]
                count = seen.get((states[row], actions[row]), 0)
                expected += np.log((count + 0.5) / sum(counts))
                seen[states[row], actions[row]] = count + 1
    counts = table.by_cluster(labels, 2, np.ones(10))
    assert description_length(table, counts, np.array([5, 5])) == pytest.approx(expected)


def test_true_clusters_are_described_the_shortest():
    dataset = table_dataset(episodes=120, steps=12)
    truth = dataset.behaviour_policy
    split = np.where((truth == 0) & (np.arange(120) % 2 == 0), 3, truth)
    joined = np.minimum(truth, 1)
    assert length_of(truth, dataset) > max(length_of(split, dataset), length_of(joined, dataset))


def test_names_of_clusters_do_not_matter():
    dataset = table_dataset()
    labels = np.arange(40) % 3
    assert length_of(labels, dataset) == pytest.approx(length_of(2 - labels, dataset))

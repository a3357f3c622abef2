"""K-means on means and deviations of states and actions does not look at rewards."""

from __future__ import annotations

from dataclasses import replace

import torch

from stages.clustering.summary_kmeans import SummaryKMeans, SummaryKMeansSettings
from stages.training.job import Job
from tests.synthetic import ragged

# The least that makes sense, for the tests that every method has to pass.
SMALLEST = [
    SummaryKMeansSettings(hidden_sizes=(16, 16), batch_size=50, learning_rate=0.003, num_clusters=2, refit_epochs=4),
]


def test_other_rewards_for_the_same_actions_change_nothing():
    dataset = ragged(episodes=20)
    other = replace(dataset, rewards=dataset.rewards[::-1].copy())
    first, second = (SummaryKMeans(Job(data, [0, 1]), SummaryKMeansSettings()).fit() for data in (dataset, other))
    assert torch.equal(first.labels, second.labels)

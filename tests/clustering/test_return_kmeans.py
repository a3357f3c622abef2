"""K-means on returns looks at nothing else."""

from __future__ import annotations

from dataclasses import replace

import torch

from stages.clustering.return_kmeans import ReturnKMeans, ReturnKMeansSettings
from stages.training.job import Job
from tests.synthetic import ragged

# The least that makes sense, for the tests that every method has to pass.
SMALLEST = [
    ReturnKMeansSettings(hidden_sizes=(16, 16), batch_size=50, learning_rate=0.003, num_clusters=2, refit_epochs=4),
]


def test_other_actions_for_the_same_returns_change_nothing():
    dataset = ragged(episodes=20)
    other = replace(dataset, actions=dataset.actions[::-1].copy())
    first, second = (ReturnKMeans(Job(data, [0, 1]), ReturnKMeansSettings()).fit() for data in (dataset, other))
    assert torch.equal(first.labels, second.labels)

"""A mixture on an embedding finds how many behaviours there are, in the vectors of each seed."""

from __future__ import annotations

import numpy as np

from stages.clustering.embedding_gmm import EmbeddingGmm, EmbeddingGmmSettings
from stages.training.job import Job
from tests.synthetic import make_episodes

# The least that makes sense, for the tests that every method has to pass.
SMALLEST = [
    EmbeddingGmmSettings(hidden_sizes=(16, 16), batch_size=50, learning_rate=0.003, num_clusters=2, refit_epochs=4),
]


def test_each_seed_finds_the_number_of_groups_among_its_own_vectors():
    groups = np.stack([np.arange(90) % 2, np.arange(90) % 3])
    vectors = 6.0 * np.eye(3)[groups] + np.random.default_rng(0).standard_normal((2, 90, 3))
    job = Job(make_episodes([2] * 90), [0, 1])
    model = EmbeddingGmm(job, EmbeddingGmmSettings(num_clusters=None, max_clusters=5), lambda _: vectors)
    found = model.fit()
    assert [len(set(labels.tolist())) for labels in found.labels] == [2, 3]
    assert found.details["bic"].shape == (2, 5)
    assert (model.predict(job.dataset) == found.responsibilities).all()

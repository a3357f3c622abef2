"""K-means on an embedding: every seed clusters its own vectors, and takes an embedding or nothing."""

from __future__ import annotations

import numpy as np
import pytest

from stages.cluster_trajectories import main
from stages.clustering import CLUSTERING
from stages.clustering.clusters_file import ClustersFile
from stages.clustering.embedding_kmeans import EmbeddingKMeans, EmbeddingKMeansSettings
from stages.diagnosis.clustering_scores import clustering_scores
from stages.embed_trajectories import main as embed
from stages.embeddings import EMBEDDINGS
from stages.errors import UserError
from stages.formats.native import write_native
from stages.training.job import Job
from tests.smallest import smallest_choice
from tests.synthetic import make_episodes, two_policies

# The least that makes sense, for the tests that every method has to pass.
SMALLEST = [
    EmbeddingKMeansSettings(hidden_sizes=(16, 16), batch_size=50, learning_rate=0.003, num_clusters=2, refit_epochs=4),
]
CHOICE = {"method": "embedding_kmeans", "num_clusters": 2}


def test_a_seed_clusters_its_own_vectors():
    dataset = make_episodes([3] * 12)
    truths = np.stack([np.arange(12) % 2, np.arange(12) // 6])
    found = EmbeddingKMeans(Job(dataset, [0, 1]), EmbeddingKMeansSettings(), lambda _: 5.0 * truths[..., None]).fit()
    for truth, labels in zip(truths, found.labels.numpy(), strict=True):
        assert clustering_scores(truth, labels)["ari"] == 1.0


def test_the_stage_clusters_the_embedding_that_it_is_given(tmp_path):
    data, made, output = (str(tmp_path / name) for name in ("two.hdf5", "made.safetensors", "clusters.safetensors"))
    dataset = two_policies(20, steps=80, gap=1.6)  # 20 of 20 seeds are right; with 40 steps 18
    write_native(data, dataset)
    embed(data, None, made, smallest_choice(EMBEDDINGS, "random_features", width=64), [0, 1], "cpu")
    main(data, output, CLUSTERING.choose(CHOICE), [0, 1], "cpu", made)
    for labels in ClustersFile.read(output).labels:
        assert clustering_scores(dataset.behaviour_policy, labels)["ari"] == 1.0
    with pytest.raises(UserError, match=r"embeddings of the seeds \[0, 1\], not \[0\]"):
        main(data, output, CLUSTERING.choose(CHOICE), [0], "cpu", made)
    with pytest.raises(UserError, match="needs nothing but the dataset"):
        main(data, output, CLUSTERING.choose({"method": "summary_kmeans"}), [0, 1], "cpu", made)
    with pytest.raises(UserError, match="embedding_kmeans needs embedding, this is not there"):
        main(data, output, CLUSTERING.choose(CHOICE), [0], "cpu")
    write_native(data, two_policies(10, steps=20))
    with pytest.raises(UserError, match="embeddings of 20 episodes, the dataset has 10"):
        main(data, output, CLUSTERING.choose(CHOICE), [0, 1], "cpu", made)


def test_without_an_embedding_it_says_what_to_give():
    with pytest.raises(UserError, match=r"no embedding is there.*stages.embed_trajectories"):
        EmbeddingKMeans(Job(make_episodes([3, 3]), [0]), EmbeddingKMeansSettings()).fit()

"""K-means on an embedding of the episodes: what a trajectory embedding is worth for telling behaviours apart.

Objective: minimise the squared distance of every episode's vector, each number scaled to unit variance over the
           episodes, to the centre of its cluster.
Source:    the clustering in the release of Ge, Chen, Sinha, Varakantham: On Learning Informative Trajectory Embeddings
           for Imitation, Classification and Regression, AAMAS 2025; here for any recipe of `embed_trajectories`.
Symbols:   num_clusters = K.

A seed clusters the embedding that the same seed has learnt.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from stages.clustering import CLUSTERING
from stages.clustering.contract import EMBEDDING
from stages.clustering.summaries.feature_kmeans import FeatureKMeans, FeatureKMeansSettings
from stages.datasets.episodes import EpisodeDataset


class EmbeddingKMeansSettings(FeatureKMeansSettings):
    """K-means on an embedding."""


@CLUSTERING.register("embedding_kmeans", EmbeddingKMeansSettings)
class EmbeddingKMeans(FeatureKMeans):
    """K-means on an embedding."""

    ingredient = EMBEDDING

    def features(self, dataset: EpisodeDataset) -> Float[np.ndarray, "seeds episodes width"]:
        return self.vectors(dataset)

"""Gaussian mixture on an embedding of the episodes, for a number of behaviours that is not told.

Objective: maximise the log-likelihood of the episodes' scaled vectors under a mixture of K Gaussians, by EM. Without a
           K: the smallest BIC.
Source:    no paper; scikit-learn, `GaussianMixture` (K-means starts, the best of `num_starts`).
Symbols:   num_clusters = K.

A seed clusters the embedding that the same seed has learnt.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from stages.clustering import CLUSTERING
from stages.clustering.contract import EMBEDDING
from stages.clustering.summaries.feature_gmm import FeatureGmm, FeatureGmmSettings
from stages.datasets.episodes import EpisodeDataset


class EmbeddingGmmSettings(FeatureGmmSettings):
    """Gaussian mixture on an embedding."""


@CLUSTERING.register("embedding_gmm", EmbeddingGmmSettings)
class EmbeddingGmm(FeatureGmm):
    """Gaussian mixture on an embedding."""

    ingredient = EMBEDDING

    def features(self, dataset: EpisodeDataset) -> Float[np.ndarray, "seeds episodes width"]:
        return self.vectors(dataset)

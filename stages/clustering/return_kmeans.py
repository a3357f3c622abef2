"""K-means on the return of an episode: the plainest baseline, and a strong one where skill is all that differs.

Objective: minimise the squared distance of every episode's return to the mean return of its cluster.
Source:    baseline "Return + K-means" of Hu, Wang, Du: Policy-Based Trajectory Clustering in Offline Reinforcement
           Learning, UAI 2026.
Symbols:   num_clusters = K.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from stages.clustering import CLUSTERING
from stages.clustering.summaries.feature_kmeans import FeatureKMeans, FeatureKMeansSettings
from stages.datasets.episodes import EpisodeDataset


class ReturnKMeansSettings(FeatureKMeansSettings):
    """K-means on returns."""


@CLUSTERING.register("return_kmeans", ReturnKMeansSettings)
class ReturnKMeans(FeatureKMeans):
    """K-means on the undiscounted return."""

    def features(self, dataset: EpisodeDataset) -> Float[np.ndarray, "episodes 1"]:
        return dataset.episode_returns[:, None]

"""K-means on summary statistics of an episode: mean and standard deviation of its states and actions.

Objective: minimise the squared distance of every episode's statistics, each scaled to unit variance over the episodes,
           to the centre of its cluster. Discrete actions and the coordinates of gridworlds enter as frequencies.
Source:    no paper; the baseline that any clustering of trajectories must beat to be worth its training.
Symbols:   num_clusters = K.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from stages.clustering import CLUSTERING
from stages.clustering.summaries.episode_features import summaries
from stages.clustering.summaries.feature_kmeans import FeatureKMeans, FeatureKMeansSettings
from stages.datasets.episodes import EpisodeDataset


class SummaryKMeansSettings(FeatureKMeansSettings):
    """K-means on summary statistics."""


@CLUSTERING.register("summary_kmeans", SummaryKMeansSettings)
class SummaryKMeans(FeatureKMeans):
    """K-means on summary statistics."""

    def features(self, dataset: EpisodeDataset) -> Float[np.ndarray, "episodes width"]:
        return summaries(self.job, dataset)

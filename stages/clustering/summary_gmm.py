"""Gaussian mixture on summary statistics of an episode: mean and standard deviation of its states and actions.

Objective: maximise the log-likelihood of the episodes' scaled statistics under a mixture of K Gaussians, by EM.
           Discrete actions and the coordinates of gridworlds enter as frequencies. Without a K: the smallest BIC.
Source:    no paper; scikit-learn, `GaussianMixture` (K-means starts, the best of `num_starts`).
Symbols:   num_clusters = K.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from stages.clustering import CLUSTERING
from stages.clustering.summaries.episode_features import summaries
from stages.clustering.summaries.feature_gmm import FeatureGmm, FeatureGmmSettings
from stages.datasets.episodes import EpisodeDataset


class SummaryGmmSettings(FeatureGmmSettings):
    """Gaussian mixture on summary statistics."""


@CLUSTERING.register("summary_gmm", SummaryGmmSettings)
class SummaryGmm(FeatureGmm):
    """Gaussian mixture on summary statistics."""

    def features(self, dataset: EpisodeDataset) -> Float[np.ndarray, "episodes width"]:
        return summaries(self.job, dataset)

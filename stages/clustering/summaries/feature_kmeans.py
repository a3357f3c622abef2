"""K-means on one feature vector per episode, for all seeds: what the plain baselines have in common.

Objective: minimise the squared distance of every episode to the centre of its cluster.
Source:    scikit-learn, `KMeans` (k-means++ starts, Lloyd's iterations, the best of `num_starts`).
"""

from __future__ import annotations

from abc import abstractmethod

import numpy as np
import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from stages.clustering.contract import Clustering, ClusteringMethod, ClusteringSettings, one_hot
from stages.clustering.summaries.episode_features import SeedScaler
from stages.datasets.episodes import EpisodeDataset
from stages.seeding import generators

MOST_ITERATIONS = 300


class FeatureKMeansSettings(ClusteringSettings):
    """K-means on features of episodes."""

    num_starts: int = Field(10, ge=1, description="starts of K-means, of which the best is kept")


class FeatureKMeans(ClusteringMethod):
    """K-means on scaled features."""

    settings: FeatureKMeansSettings

    @abstractmethod
    def features(self, dataset: EpisodeDataset) -> Float[np.ndarray, "*seeds episodes width"]:
        """What is known of each episode, unscaled: to all seeds alike, or to each its own."""

    def fit(self) -> Clustering:
        from sklearn.cluster import KMeans  # loaded here: it takes a second, and planning has no use for it

        job, k = self.job, self.settings.num_clusters
        features = self.features(job.dataset)
        self.scaler = SeedScaler(features, len(job.seeds))
        scaled = self.scaler(features)
        self.models = [
            KMeans(k, n_init=self.settings.num_starts, random_state=int(random.integers(2**31))).fit(values)
            for values, random in zip(scaled, generators(job.seeds, "k-means"), strict=True)
        ]
        labels = torch.from_numpy(np.stack([model.labels_ for model in self.models]))
        responsibilities = one_hot(labels, k)
        behaviours, metrics = self.refitted(responsibilities)
        return Clustering(
            responsibilities=responsibilities,
            behaviours=behaviours,
            normaliser=job.normaliser,
            history_labels=labels[None].to(torch.int16),
            score_history=torch.tensor([[-model.inertia_ / scaled.shape[1] for model in self.models]]).double(),
            score_name="minus squared distance to the centre, per episode",
            converged=[model.n_iter_ < MOST_ITERATIONS for model in self.models],
            metrics=metrics,
        )

    def predict(self, dataset: EpisodeDataset) -> Float[Tensor, "seeds episodes clusters"]:
        """The nearest centre of each episode."""
        scaled = self.scaler(self.features(dataset))
        labels = np.stack([model.predict(values) for model, values in zip(self.models, scaled, strict=True)])
        return one_hot(torch.from_numpy(labels), self.settings.num_clusters)

"""Gaussian mixture on one feature vector per episode, for all seeds: what the mixtures have in common.

Objective: maximise the log-likelihood of the episodes' scaled features under a mixture of K Gaussians, by EM. Without
           a K: the smallest BIC.
Source:    scikit-learn, `GaussianMixture` (K-means starts, the best of `num_starts`).
"""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from stages.clustering.contract import Clustering, ClusteringMethod, ClusteringSettings
from stages.clustering.summaries.episode_features import SeedScaler
from stages.datasets.episodes import EpisodeDataset
from stages.seeding import generator

if TYPE_CHECKING:
    from sklearn.mixture import GaussianMixture


class FeatureGmmSettings(ClusteringSettings):
    """Gaussian mixture on features of episodes."""

    num_clusters: int | None = Field(2, ge=1, description="number of clusters K; null: by BIC")
    max_clusters: int = Field(8, ge=1, description="largest K that is tried where num_clusters is null")
    covariance: Literal["diag", "full"] = Field("diag", description="shape of the Gaussians")
    ridge: float = Field(1e-2, gt=0, description="added to variances, in units of the features' own variance")
    num_starts: int = Field(5, ge=1, description="starts of each mixture, of which the best is kept")


class FeatureGmm(ClusteringMethod):
    """Gaussian mixture on scaled features."""

    settings: FeatureGmmSettings

    @abstractmethod
    def features(self, dataset: EpisodeDataset) -> Float[np.ndarray, "*seeds episodes width"]:
        """What is known of each episode, unscaled: to all seeds alike, or to each its own."""

    def fit(self) -> Clustering:
        job = self.job
        features = self.features(job.dataset)
        self.scaler = SeedScaler(features, len(job.seeds))
        scaled = self.scaler(features)
        found = [self._mixture(values, seed) for values, seed in zip(scaled, job.seeds, strict=True)]
        self.models = [model for model, _ in found]
        responsibilities = self._responsibilities(scaled)
        behaviours, metrics = self.refitted(responsibilities)
        return Clustering(
            responsibilities=responsibilities,
            behaviours=behaviours,
            normaliser=job.normaliser,
            history_labels=responsibilities.argmax(-1)[None].to(torch.int16),
            score_history=torch.tensor([[model.lower_bound_ for model in self.models]]).double(),
            score_name="log-likelihood per episode",
            converged=[model.converged_ for model in self.models],
            metrics=metrics,
            details={"bic": torch.tensor(np.array([bic for _, bic in found]))},
        )

    def predict(self, dataset: EpisodeDataset) -> Float[Tensor, "seeds episodes clusters"]:
        """The posterior of unseen episodes."""
        return self._responsibilities(self.scaler(self.features(dataset)))

    def _mixture(self, scaled: Float[np.ndarray, "episodes width"], seed: int) -> tuple[GaussianMixture, list[float]]:
        """The mixture of one seed, and the BIC of each number of clusters tried."""
        from sklearn.mixture import GaussianMixture  # loaded here: it takes a second, and planning has no use for it

        settings = self.settings
        most = min(settings.max_clusters, len(scaled))
        sizes = range(1, most + 1) if settings.num_clusters is None else [settings.num_clusters]
        models = [
            GaussianMixture(
                size,
                covariance_type=settings.covariance,
                reg_covar=settings.ridge,
                n_init=settings.num_starts,
                random_state=int(generator(seed, "gaussian mixture", size).integers(2**31)),
            ).fit(scaled)
            for size in sizes
        ]
        bic = [float(model.bic(scaled)) for model in models]
        return models[int(np.argmin(bic))], bic

    def _responsibilities(
        self, scaled: Float[np.ndarray, "seeds episodes width"]
    ) -> Float[Tensor, "seeds episodes clusters"]:
        most = max(model.n_components for model in self.models)
        found = torch.zeros(*scaled.shape[:2], most)
        for of_seed, model, values in zip(found, self.models, scaled, strict=True):
            of_seed[:, : model.n_components] = torch.from_numpy(model.predict_proba(values))
        return found

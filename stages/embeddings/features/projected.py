"""Embeddings that are features of an episode, as they are or projected onto their principal components."""

from __future__ import annotations

from abc import abstractmethod

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from stages.datasets.episodes import EpisodeDataset
from stages.embeddings.contract import LEAST_DEVIATION, Embedder, EmbeddingSettings
from stages.training.job import Job


class FeatureSettings(EmbeddingSettings):
    """Features of an episode."""

    components: int | None = Field(
        None, ge=1, description="principal components of the training episodes' features to keep; null: the features"
    )


class FeatureEmbedder(Embedder):
    """Features of each episode; a method says which."""

    settings: FeatureSettings

    def prepare(self, job: Job) -> None:
        """Draw or compute what the features need, into `tensors`; some need nothing."""

    @abstractmethod
    def features(self, dataset: EpisodeDataset) -> Float[Tensor, "some episodes width"]:
        """The features of each episode, of every seed or, where no chance is involved, of all alike."""

    def learn(self, job: Job) -> None:
        self.prepare(job)
        if self.settings.components is None:
            return
        features = self.features(job.dataset)
        mean = features.mean(1, keepdim=True)
        deviation = features.std(1, correction=0, keepdim=True).clamp(min=LEAST_DEVIATION)
        _, _, directions = torch.linalg.svd((features - mean) / deviation, full_matrices=False)
        kept = directions[:, : self.settings.components].mT / deviation.mT
        self.tensors |= {"project/mean": mean, "project/directions": kept}

    def raw(self, dataset: EpisodeDataset) -> Float[Tensor, "seeds episodes width"]:
        features = self.features(dataset)
        if self.settings.components is not None:
            features = (features - self.tensors["project/mean"]) @ self.tensors["project/directions"]
        return features.expand(len(self.seeds), *features.shape[1:])

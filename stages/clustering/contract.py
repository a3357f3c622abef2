"""What a clustering method is given and what it returns, the same for all methods.

In scikit-learn's manner: a method is made from a job (dataset, seeds, device) and its settings, `fit` returns labels,
responsibilities, the history of its score and whether it converged, `predict` gives unseen episodes to the clusters
found. Everything has a leading seed axis: a block of seeds is clustered together.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar

import numpy as np
import torch
from jaxtyping import Float, Int
from pydantic import Field
from torch import Tensor

from stages.artifacts import Artifact
from stages.clustering.alternation.behaviours import Behaviours, BehaviourSettings, refit
from stages.clustering.clusters_file import ClustersFile
from stages.datasets.episodes import EpisodeDataset
from stages.datasets.requirements import require_continuous
from stages.errors import UserError
from stages.ingredients import Ingredient
from stages.networks.normaliser import Normaliser
from stages.training.job import Job

EMBEDDING = Ingredient("embedding", "embed_trajectories")
Vectors = Callable[[EpisodeDataset], Float[np.ndarray, "seeds episodes width"]]  # an embedding of any episodes


class ClusteringSettings(BehaviourSettings):
    """Settings of every clustering method; a method that estimates K declares `num_clusters` as ``int | None``."""

    num_clusters: int = Field(2, ge=1, description="number of clusters K")


@dataclass
class Clustering:
    """Result of a method for a block of seeds.

    Attributes:
        responsibilities: Weight of each cluster for each episode; rows sum to 1. A seed that found fewer clusters than
            another has empty ones.
        normaliser: Scaling of observations and actions that the networks work in.
        behaviours: The clusters' policies and the classifier q(z|s); None if nothing asked for them (`refit_epochs` 0).
        score_history: What the method maximises, after each iteration; NaN after a seed has stopped.
        score_name: What the score is, such as "log-likelihood per step".
        history_labels: Assignments after each iteration (-1 where there was none); may be empty.
        converged: Whether the assignments had stopped changing, by seed.
        metrics: Losses over training.
        details: Whatever else the method found, by name: latents, the trace of merges, the labels of all restarts.
    """

    responsibilities: Float[Tensor, "seeds episodes clusters"]
    normaliser: Normaliser
    behaviours: Behaviours | None
    score_history: Float[Tensor, "iterations seeds"]
    score_name: str
    history_labels: Int[Tensor, "labelled seeds episodes"]
    converged: list[bool]
    metrics: dict[str, Tensor] = field(default_factory=dict)
    details: dict[str, Tensor] = field(default_factory=dict)

    @cached_property
    def labels(self) -> Int[Tensor, "seeds episodes"]:
        """The cluster of each episode (Eq. 9 for EM)."""
        return self.responsibilities.argmax(-1)

    def artifact(self, **metadata: object) -> Artifact:
        """The result as a file's contents."""
        return ClustersFile.contents(self, **metadata)

    def sizes(self) -> list[list[int]]:
        """Episodes per cluster, by seed."""
        return [torch.bincount(labels, minlength=self.responsibilities.shape[-1]).tolist() for labels in self.labels]


def no_vectors(dataset: EpisodeDataset) -> Float[np.ndarray, "seeds episodes width"]:
    """The embedding of a method that is given none."""
    raise UserError("no embedding is there", place="--given", remedy=f"Give the file of stages.{EMBEDDING.stage}")


class ClusteringMethod(ABC):
    """A clustering method: built from a job and its settings, then fitted.

    Attributes:
        ingredient: What it is given besides the dataset: an embedding, or nothing.
        vectors: The embedding.
    """

    ingredient: ClassVar[Ingredient | None] = None

    def __init__(self, job: Job, settings: ClusteringSettings, vectors: Vectors = no_vectors) -> None:
        if settings.steady is not None:
            require_continuous(job.dataset, "steady")
        self.job, self.settings, self.vectors = job, settings, vectors

    @abstractmethod
    def fit(self) -> Clustering:
        """Cluster the episodes of the job's dataset, for all its seeds together."""

    def predict(self, dataset: EpisodeDataset) -> Float[Tensor, "seeds episodes clusters"]:
        """Responsibilities of the clusters found by `fit` for the episodes of another dataset.

        Raises:
            UserError: The method cannot, as its clusters are nothing but lists of episodes.
        """
        raise UserError(
            f"{type(self).__name__} cannot label episodes that it was not fitted to",
            remedy="Join them with the others before clustering",
        )

    def refitted(
        self, responsibilities: Float[Tensor, "seeds episodes clusters"]
    ) -> tuple[Behaviours | None, dict[str, Tensor]]:
        """Policies and classifier of the clusters found, and their losses; None where `refit_epochs` is 0."""
        if self.settings.refit_epochs == 0:
            return None, {}
        behaviours = Behaviours(self.job, self.settings, responsibilities.shape[-1], responsibilities)
        losses = refit(self.job, behaviours, self.settings)
        return behaviours, {f"refit {name}": values for name, values in losses.items()}


def empty_history(epochs: int, seeds: int, episodes: int) -> tuple[Tensor, Tensor]:
    """Label and score histories to be filled in: -1 and NaN."""
    labels = torch.full((epochs, seeds, episodes), -1, dtype=torch.int16)
    return labels, torch.full((epochs, seeds), torch.nan, dtype=torch.float64)


def one_hot(labels: Int[Tensor, "seeds episodes"], num_clusters: int) -> Float[Tensor, "seeds episodes clusters"]:
    """Labels as responsibilities of 0 and 1."""
    return torch.nn.functional.one_hot(labels.long(), num_clusters).float()

"""What a clustering method is given and what it returns, the same for all methods."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from functools import cached_property

import torch
from jaxtyping import Float, Int
from pydantic import Field
from torch import Tensor

from stages.artifacts import Artifact, prefixed
from stages.clustering.behaviours import Behaviours, BehaviourSettings
from stages.networks.normaliser import Normaliser
from stages.training.job import Job


class ClusteringSettings(BehaviourSettings):
    """What every clustering method can be told."""

    num_clusters: int = Field(2, ge=1, description="number of clusters K")


@dataclass
class Clustering:
    """Result of a method for a block of seeds.

    Attributes:
        responsibilities: Weight of each cluster for each episode; rows sum to 1.
        behaviours: The clusters' policies and the classifier q(z|s).
        normaliser: Scaling of observations and actions that the networks work in.
        history_labels: Assignments after each epoch (-1 where there was none).
        history_log_likelihood: Mean log-likelihood per step after each epoch, in nats.
        converged: Whether the assignments had stopped changing, by seed.
        metrics: Losses over training.
    """

    responsibilities: Float[Tensor, "seeds episodes clusters"]
    behaviours: Behaviours
    normaliser: Normaliser
    history_labels: Int[Tensor, "epochs seeds episodes"]
    history_log_likelihood: Float[Tensor, "epochs seeds"]
    converged: list[bool]
    metrics: dict[str, Tensor] = field(default_factory=dict)

    @cached_property
    def labels(self) -> Int[Tensor, "seeds episodes"]:
        """The cluster of each episode (Eq. 9 for EM)."""
        return self.responsibilities.argmax(-1)

    def artifact(self, **metadata: object) -> Artifact:
        """The result as a file's contents."""
        tensors = {
            "labels": self.labels,
            "responsibilities": self.responsibilities,
            "history/labels": self.history_labels,
            "history/log_likelihood": self.history_log_likelihood,
            **prefixed("normaliser", self.normaliser.tensors()),
            **prefixed("metrics", self.metrics),
            **self.behaviours.parameters(),
        }
        return Artifact(
            tensors, {"kind": "clusters", **self.behaviours.shapes(), "converged": self.converged, **metadata}
        )

    def sizes(self) -> list[list[int]]:
        """Episodes per cluster, by seed."""
        return [torch.bincount(own, minlength=self.responsibilities.shape[-1]).tolist() for own in self.labels]


class ClusteringMethod(ABC):
    """A clustering method: built from a job and its settings, then fitted."""

    def __init__(self, job: Job, settings: ClusteringSettings) -> None:
        self.job, self.settings = job, settings

    @abstractmethod
    def fit(self) -> Clustering:
        """Cluster the episodes of the job's dataset, for all its seeds together."""


def empty_history(epochs: int, seeds: int, episodes: int) -> tuple[Tensor, Tensor]:
    """Label and log-likelihood histories to be filled in: -1 and NaN."""
    labels = torch.full((epochs, seeds, episodes), -1, dtype=torch.int16)
    return labels, torch.full((epochs, seeds), torch.nan, dtype=torch.float64)

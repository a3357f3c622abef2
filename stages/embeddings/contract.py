"""What a trajectory embedding is given and what it gives, the same for all methods.

In scikit-learn's manner: a method is fitted to the training episodes of a job, for all its seeds together, then embeds
any episodes of the same environment. No rewards and no labels enter. All that it has learnt lies in named tensors, so
that an embedding is saved and loaded without the method's help.

Embeddings are in units of the training episodes: each number has mean 0 and standard deviation 1 over them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from stages.artifacts import Artifact, prefixed, taking_up
from stages.datasets.episodes import EpisodeDataset
from stages.embeddings import EMBEDDINGS
from stages.embeddings.split import SplitSettings
from stages.embeddings.steps import Steps
from stages.ingredients import Ingredient, require_ingredient
from stages.registry import Choice
from stages.seeding import Seeds
from stages.training.job import Job

LEAST_DEVIATION = 1e-3  # a number that varies less over the training episodes is not blown up


class EmbeddingSettings(SplitSettings):
    """Settings of every embedding."""


class Embedder(ABC):
    """A trajectory embedding of a block of seeds; `fit` makes one, `load` takes up a saved one.

    Attributes:
        tensors: All that it has learnt.
        given: The ingredient, for methods that need one; it is saved with them.
        metrics: Losses over training.
        remarks: What a reader of its log should know, such as a collapsed latent.
        ingredient: What the method needs besides the episodes, if anything.
    """

    ingredient: ClassVar[Ingredient | None] = None

    def __init__(
        self,
        settings: EmbeddingSettings,
        steps: Steps,
        seeds: Seeds,
        tensors: dict[str, Tensor] | None = None,
        given: Artifact | None = None,
        device: torch.device | str = "cpu",
    ) -> None:
        self.settings, self.steps, self.seeds, self.device = settings, steps, list(seeds), torch.device(device)
        self.given = given
        self.tensors = {name: tensor.to(device) for name, tensor in (tensors or {}).items()}
        self.metrics: dict[str, Tensor] = {}
        self.remarks: list[str] = []

    @classmethod
    def fit(cls, job: Job, settings: EmbeddingSettings, given: Artifact | None = None) -> Embedder:
        """Fit to all episodes of the job's dataset, which are the training episodes.

        Args:
            job: Training episodes, seeds, device.
            settings: Of the method.
            given: The ingredient, for methods that need one.
        """
        made = cls(settings, Steps.of(job.dataset), job.seeds, given=given, device=job.device)
        made.learn(job)
        raw = made.raw(job.dataset)
        made.tensors["scale/mean"] = raw.mean(1, keepdim=True)
        made.tensors["scale/deviation"] = raw.std(1, correction=0, keepdim=True).clamp(min=LEAST_DEVIATION)
        return made

    @abstractmethod
    def learn(self, job: Job) -> None:
        """Fill `tensors` (and `metrics`, `remarks`) from the episodes of the job's dataset."""

    @abstractmethod
    def raw(self, dataset: EpisodeDataset) -> Float[Tensor, "seeds episodes width"]:
        """The vector of each episode in whatever units the method has."""

    @torch.no_grad()
    def embed(self, dataset: EpisodeDataset) -> Float[Tensor, "seeds episodes width"]:
        """The embedding of each episode; episodes do not depend on those beside them.

        Raises:
            UserError: The dataset has other observations or actions than the training episodes.
        """
        scaled = (self.raw(dataset) - self.tensors["scale/mean"]) / self.tensors["scale/deviation"]
        return scaled.float().cpu()

    def artifact(self, choice: Choice, **facts: object) -> Artifact:
        """What `load` reads; `facts` are the job's."""
        tensors = prefixed("embedder", self.tensors) | prefixed("steps", self.steps.tensors())
        tensors |= prefixed("metrics", self.metrics)
        said = {"kind": "embedding", "seeds": self.seeds, "settings": choice.values, "steps": self.steps.facts}
        if self.given is not None:
            tensors |= prefixed("given", self.given.tensors)
            said["given"] = self.given.metadata
        return Artifact(tensors, {**said, "remarks": self.remarks, **facts})


def fit(job: Job, choice: Choice, given: Artifact | None = None) -> Embedder:
    """The chosen embedding, fitted to all episodes of the job's dataset.

    Args:
        job: Training episodes, seeds, device.
        choice: The method and its settings.
        given: What the method needs besides, see `Embedder.ingredient`.

    Raises:
        UserError: The dataset or the ingredient lacks something.
    """
    require_ingredient(choice, None if given is None else given.metadata.get("kind"))
    made: Embedder = choice.entry.fit(job, choice.settings, given)
    return made


def load_embedder(artifact: Artifact, device: torch.device | str = "cpu") -> Embedder:
    """The embedding that an artifact holds.

    Raises:
        UserError: It lacks something.
    """
    with taking_up(artifact):
        facts = artifact.metadata
        choice = EMBEDDINGS.choose(facts["settings"])
        steps = Steps.load(artifact.part("steps"), facts["steps"])
        given = Artifact(artifact.part("given"), facts["given"]) if "given" in facts else None
        made: Embedder = choice.entry(choice.settings, steps, facts["seeds"], artifact.part("embedder"), given, device)
    return made

"""The clusters' policies and the classifier of in-distribution clusters, trained on weighted episodes.

Whatever found the clusters, what follows needs a policy ``beta(a | s; theta_z)`` for each and the distribution
``q(z | s)`` of clusters at a state. Both are fitted to weights ``Q(z | tau)`` of the episodes: the M-step of EM (EMPO,
Eq. 6, and the KL loss of Section 3.3).
"""

from __future__ import annotations

import math

import numpy as np
import torch
from jaxtyping import Bool, Float
from pydantic import Field, model_validator
from torch import Tensor

from stages.artifacts import prefixed
from stages.cloning.steady import SteadyCloning, SteadySettings, clone_steadily
from stages.clustering.cluster_networks import ClusterNetworks
from stages.datasets.episodes import EpisodeDataset
from stages.networks.ensemble import Ensemble
from stages.networks.heads import head_of
from stages.networks.normaliser import Normaliser
from stages.seeding import generators, member_generators
from stages.settings import Settings, Widths
from stages.training.draws import EpochDraws
from stages.training.episode_table import EpisodeTable
from stages.training.job import Job
from stages.training.learner import Learner, Losses, Update
from stages.training.rows import Batch, Rows
from stages.training.trainable import Trainable


class BehaviourSettings(Settings):
    """Networks of policies and classifier, and how they are fitted."""

    hidden_sizes: Widths = Field((64, 64, 64), description="hidden layer widths of policies and classifier")
    batch_size: int = Field(256, ge=1, description="rows per gradient step")
    learning_rate: float = Field(3.0e-4, gt=0, description="Adam step size while clustering")
    refit_epochs: int = Field(
        0, ge=0, description="epochs of fitting policies and classifier to the final clusters; 0: keep those of EM"
    )
    refit_learning_rate: float = Field(1.0e-3, gt=0, description="Adam step size at the start of refitting, falls to 0")
    steady: SteadySettings | None = Field(
        None, description="clone the final clusters' policies as suits small data; null: they are refitted"
    )

    @model_validator(mode="after")
    def _classifier_is_fitted(self) -> BehaviourSettings:
        if self.steady is not None and self.refit_epochs == 0:
            raise ValueError("steady: needs refit_epochs above 0, for the classifier")
        return self


class Behaviours:
    """Policies and classifier for a block of seeds.

    Args:
        job: Dataset, seeds, device.
        settings: Network sizes and step sizes.
        num_clusters: K.
        weights: Weight of each cluster for each episode at the start; kept as a table that may be changed in place.
    """

    def __init__(
        self,
        job: Job,
        settings: BehaviourSettings,
        num_clusters: int,
        weights: Float[Tensor, "seeds episodes clusters"],
    ) -> None:
        seeds, self.head = job.seeds, head_of(job.dataset)
        self.rows = behaviour_rows(job)
        self.weights = EpisodeTable(weights.float().to(job.device))
        sizes = (self.rows.widths["observations"], *settings.hidden_sizes)
        policies = Ensemble((*sizes, self.head.num_outputs), len(seeds), num_clusters)
        # Where K is found, a seed's policies must not depend on how many clusters other seeds of the block have.
        sources = member_generators(seeds, "policies", num_clusters)
        self.policies = Trainable(policies, sources, settings.learning_rate, job.device)
        classifier = Ensemble((*sizes, num_clusters), len(seeds))
        self.classifier = Trainable(classifier, generators(seeds, "classifier"), settings.learning_rate, job.device)
        self.cloned: SteadyCloning | None = None

    def fit_policies(self, batch: Batch, weights: Float[Tensor, "seeds 1 batch clusters"]) -> Losses:
        """One step on ``- sum_z Q(z|tau) log beta(a|s; theta_z)`` (Eq. 6)."""

        def loss(outputs: Tensor) -> Tensor:
            log_probs = self.head.log_prob(outputs, batch["actions"])
            return -(weights.squeeze(1).mT * log_probs).sum(1).mean(-1)

        return {"policy": self.policies.descend(batch["observations"], loss)}

    def fit_classifier(self, batch: Batch, weights: Float[Tensor, "seeds 1 batch clusters"]) -> Losses:
        """One step on ``KL(Q(.|tau) || q(.|s))`` (Section 3.3)."""

        def divergence(logits: Tensor) -> Tensor:
            log_q = torch.log_softmax(logits, dim=-1)
            return (torch.xlogy(weights, weights) - weights * log_q).sum(-1).mean((1, 2))

        return {"classifier": self.classifier.descend(batch["observations"], divergence)}

    def tensors(self) -> dict[str, Tensor]:
        """Training state, for checkpoints."""
        return {
            "weights": self.weights.values,
            **prefixed("policies", self.policies.tensors()),
            **prefixed("classifier", self.classifier.tensors()),
        }

    def networks(self, normaliser: Normaliser) -> ClusterNetworks:
        """What is kept of them, with the scaling that they work in; the cloned policies, where there are any."""
        policies, classifier = self.policies, self.classifier
        judge = classifier.ensemble, classifier.parameters, normaliser
        if self.cloned is None:
            return ClusterNetworks(policies.ensemble, policies.parameters, *judge)
        return ClusterNetworks(self.cloned.policies, self.cloned.parameters(), *judge, self.cloned.head)

    def groups(self) -> Bool[np.ndarray, "seeds clusters episodes"]:
        """The episodes whose weight is largest for a cluster."""
        labels = self.weights.values.argmax(-1).cpu().numpy()
        return labels[:, None] == np.arange(self.weights.width)[:, None]


class Refit(Learner):
    """Fits existing behaviours to fixed weights, with a learning rate that falls from its start to zero by a cosine.

    Rows of one episode share a weight, and a policy or classifier trained at a constant rate ends wherever the last few
    minibatches left it; both are needed precisely where behaviours meet and part.
    """

    def __init__(self, behaviours: Behaviours, settings: BehaviourSettings, steps_per_epoch: int) -> None:
        self.behaviours, self.settings = behaviours, settings
        self.epoch = torch.zeros((), dtype=torch.int64)
        for network in (behaviours.policies, behaviours.classifier):
            network.restart()
        self.updates = [Update(self.step), Update(self.end_epoch, every=steps_per_epoch, eager=True)]
        self._set_learning_rate()

    def step(self, batch: Batch) -> Losses:
        """One step of the classifier, and of the policies unless they are cloned instead."""
        weights = self.behaviours.weights.rows_of(batch)
        losses = self.behaviours.fit_classifier(batch, weights)
        return losses if self.settings.steady else self.behaviours.fit_policies(batch, weights) | losses

    def end_epoch(self, batch: Batch) -> Losses:
        """Lower the learning rate."""
        self.epoch += 1
        self._set_learning_rate()
        return {}

    def tensors(self) -> dict[str, Tensor]:
        return {"epoch": self.epoch, **self.behaviours.tensors()}

    def _set_learning_rate(self) -> None:
        share = 0.5 + 0.5 * math.cos(math.pi * int(self.epoch) / self.settings.refit_epochs)
        for network in (self.behaviours.policies, self.behaviours.classifier):
            network.learning_rate.fill_(share * self.settings.refit_learning_rate)


def behaviour_rows(job: Job, dataset: EpisodeDataset | None = None) -> Rows:
    """Observations, actions and episode of every step of the job's dataset, or of another, as its networks see them."""
    dataset = dataset or job.dataset
    columns = {
        "observations": job.encoding(torch.from_numpy(dataset.observations)),
        "actions": job.normaliser.actions_of(dataset),
        "episode": torch.from_numpy(dataset.episode_of_step),
    }
    return Rows(columns, job.device)


def refit(job: Job, behaviours: Behaviours, settings: BehaviourSettings) -> dict[str, Tensor]:
    """Fit `behaviours` to their weights for `refit_epochs`; the losses by name (none if there is nothing to do)."""
    if settings.refit_epochs == 0:
        return {}
    cloned: dict[str, Tensor] = {}
    if settings.steady is not None:
        behaviours.cloned, cloned = clone_steadily(job, settings.steady, behaviours.groups(), "clusters' policies")
    draws = EpochDraws(job.seeds, len(behaviours.rows), settings.batch_size, purpose="refit rows")
    learner = Refit(behaviours, settings, draws.steps_per_epoch)
    num_steps = settings.refit_epochs * draws.steps_per_epoch
    return cloned | job.train("refit behaviours", learner, behaviours.rows, draws, num_steps).tensors()

"""What an improvement method is given: the clusters' policies, the critics, and each cluster's own rows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from stages.artifacts import Artifact, prefixed, taking_up
from stages.clustering.cluster_networks import GAUSSIAN, ClusterNetworks
from stages.clustering.clusters_file import ClustersFile
from stages.datasets.episodes import EpisodeDataset
from stages.empo.cluster_rows import ClusterRows
from stages.errors import UserError
from stages.networks import gaussian
from stages.networks.ensemble import Ensemble
from stages.registry import Choice
from stages.seeding import Seeds, generators
from stages.settings import Settings
from stages.training.checkpoint import Checkpoint
from stages.training.device import chunk_rows
from stages.training.job import Job
from stages.training.metrics import Metrics
from stages.training.trainable import Trainable


@dataclass(frozen=True)
class Critics:
    """Trained Q and V with one output per cluster, in units of `scale`.

    Attributes:
        settings: Those that they were trained with, as the file says; None where it doesn't.
    """

    q: Ensemble
    q_parameters: Float[Tensor, "q_parameters"]
    v: Ensemble
    v_parameters: Float[Tensor, "v_parameters"]
    scale: float = 1.0
    settings: dict[str, Any] | None = None

    @classmethod
    def of(cls, artifact: Artifact, num_seeds: int, device: torch.device) -> Critics:
        """From what `train_critics` returned.

        Raises:
            UserError: The file lacks something.
        """
        with taking_up(artifact):
            found = cls(
                q=Ensemble(tuple(artifact.metadata["q_sizes"]), num_seeds),
                q_parameters=artifact.tensors["q/parameters"].detach().to(device),
                v=Ensemble(tuple(artifact.metadata["v_sizes"]), num_seeds),
                v_parameters=artifact.tensors["v/parameters"].detach().to(device),
                scale=float(artifact.tensors["scale"]),
                settings=artifact.metadata.get("settings"),
            )
            found.q.check(found.q_parameters)
            found.v.check(found.v_parameters)
        return found

    @torch.no_grad()
    def advantage(
        self, observations: Float[Tensor, "seeds clusters rows o"], actions: Float[Tensor, "seeds clusters rows a"]
    ) -> Float[Tensor, "seeds clusters rows"]:
        """``Q_z(s, a) - V_z(s)``, cluster z's own output on cluster z's rows."""
        pairs = torch.cat([observations, actions], dim=-1)
        return _of_cluster(self.q, self.q_parameters, pairs) - self.value(observations)

    @torch.no_grad()
    def value(self, observations: Float[Tensor, "seeds clusters rows o"]) -> Float[Tensor, "seeds clusters rows"]:
        """``V_z(s)``, cluster z's own output on cluster z's rows."""
        return _of_cluster(self.v, self.v_parameters, observations)


def _of_cluster(
    ensemble: Ensemble, parameters: Float[Tensor, "parameters"], inputs: Float[Tensor, "seeds clusters rows i"]
) -> Float[Tensor, "seeds clusters rows"]:
    seeds, clusters, rows, _ = inputs.shape
    values = ensemble(parameters, inputs.reshape(seeds, 1, clusters * rows, -1))
    return values.view(seeds, clusters, rows, clusters).diagonal(dim1=1, dim2=3).mT


class ImprovementMethod(ABC):
    """A way of improving the clusters' policies.

    Args:
        job: Dataset, seeds, device.
        policies: The clusters' behaviours; improved in place.
        critics: Values of the behaviours.
        rows: Each cluster's rows.
        settings: The method's settings.
        head: How the policies' outputs are read, an entry of `gaussian.READINGS`.

    Attributes:
        details: Whatever else `run` found, ``[seeds, ...]`` by name.
    """

    def __init__(
        self,
        job: Job,
        policies: Trainable,
        critics: Critics,
        rows: ClusterRows,
        settings: Settings,
        head: str = GAUSSIAN,
    ) -> None:
        self.job, self.policies, self.critics, self.rows, self.settings = job, policies, critics, rows, settings
        self.head = head
        self.details: dict[str, Tensor] = {}
        self.checkpoint = Checkpoint("improve", job.output, job.fingerprint) if job.output else None
        self.chunk_rows = chunk_rows(job.device, policies.ensemble.num_networks)
        self.action_low, self.action_high = (edge.to(job.device) for edge in (job.actions.amin(0), job.actions.amax(0)))

    @abstractmethod
    def run(self) -> Metrics:
        """Improve the policies of all clusters of all seeds, in place; the losses over training."""

    def distribution(
        self, parameters: Float[Tensor, "policies"], observations: Float[Tensor, "seeds clusters rows o"]
    ) -> Float[Tensor, "seeds clusters rows twice_action"]:
        """What policies of these parameters do there, for the functions of `gaussian`."""
        return gaussian.READINGS[self.head](self.policies.ensemble(parameters, observations))


def check_fit(clusters: Artifact, critics: Artifact, dataset: EpisodeDataset, seeds: Seeds) -> None:
    """Stop unless clusters and critics are of these seeds and of this dataset's episodes and sizes.

    Raises:
        UserError: One of them is of others.
    """
    found = ClustersFile.of(clusters)
    found.require_episodes(dataset.episode_lengths)
    found.require_seeds(seeds)
    width, networks = dataset.observations.shape[1], ClusterNetworks.of(clusters)
    Critics.of(critics, len(seeds), torch.device("cpu"))
    seen = {"clusters": networks.policies.sizes[0], "critics": critics.metadata["v_sizes"][0]}
    for place, expected in seen.items():
        if width != expected:
            cause = f"made for observations of {expected} numbers, the dataset's have {width}"
            raise UserError(cause, place=place, remedy="Give the files that were made from this dataset")
    same = (critics.metadata.get("seeds"), critics.metadata["v_sizes"][-1]) == (list(seeds), networks.num_clusters)
    if not same:
        raise UserError("of other seeds or clusters", place="critics", remedy="Train them for these: train_critics")


def improve(job: Job, clusters: Artifact, critics: Artifact, choice: Choice) -> Artifact:
    """Improve the clusters' policies by the chosen method; the policies as a file's contents."""
    networks, seeds, device = ClusterNetworks.of(clusters), len(job.seeds), job.device
    policies = Trainable(networks.policies, generators(job.seeds, "policies"), choice.settings.learning_rate, device)
    policies.load(networks.policy_parameters)
    labels = torch.from_numpy(ClustersFile.of(clusters).labels_of_steps(job.dataset.episode_of_step))
    rows = ClusterRows(labels, networks.num_clusters, job.observations.to(device))
    values = Critics.of(critics, seeds, device)
    method = choice.entry(job, policies, values, rows, choice.settings, networks.head)
    metrics = method.run().tensors()
    tensors = {"policies/parameters": policies.parameters, **prefixed("metrics", metrics)}
    return Artifact(tensors | prefixed("details", method.details), {"kind": "improved"})

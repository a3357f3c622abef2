"""Any offline algorithm once per cluster: each policy learns from the episodes of its cluster alone.

A cluster is a dataset of its own, in the scaling of the whole: what an algorithm makes of its dataset (the unit of
rewards, the best tenth, what is held out) it makes of the cluster. A cluster smaller than a batch is trained on in
batches of its size; an empty one has a policy of zeros that is never followed. With all episodes in one cluster, the
policy is that of the plain algorithm, bit by bit.

Seeds that found the same cluster train on it together, whatever its number is with each; clusters train one after the
other. Side by side would need every algorithm to know of clusters, for few per cent of the time (docs/decisions/0019).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from stages.algorithms.contract import OfflineAlgorithm, trained
from stages.artifacts import Artifact, prefixed
from stages.datasets.requirements import require_continuous
from stages.errors import UserError
from stages.networks.ensemble import Ensemble
from stages.registry import Choice
from stages.training.job import Job

Labels = Int[np.ndarray, "seeds episodes"]
POLICY = "policy/parameters"


@dataclass(frozen=True)
class Group:
    """A cluster that some seeds of the block found alike.

    Attributes:
        episodes: Those in it.
        places: Of each such seed: its place in the block, and the number that the cluster has with it.
    """

    episodes: Int[np.ndarray, "chosen"]
    places: list[tuple[int, int]]

    def learner(self, job: Job, choice: Choice) -> OfflineAlgorithm:
        """The algorithm on this cluster.

        Raises:
            UserError: The cluster lacks something that the algorithm needs.
        """
        part = job.part(self.episodes, [job.seeds[seed] for seed, _ in self.places])
        try:
            learner: OfflineAlgorithm = choice.entry(part, choice.settings)
        except UserError as error:
            seed, cluster = self.places[0]
            place = f"cluster {cluster} of seed {job.seeds[seed]} (number of episodes: {len(self.episodes)})"
            cause = f"{error.place}: {error.cause}" if error.place else error.cause
            remedy = f"{error.remedy}, or use fewer clusters" if error.remedy else "Use fewer clusters"
            raise UserError(cause, place=place, remedy=remedy) from error
        return learner


def groups(labels: Labels) -> list[Group]:
    """The clusters that have episodes, each once, in the order of seeds and numbers."""
    found: dict[bytes, Group] = {}
    for seed, of_seed in enumerate(labels):
        for cluster in np.unique(of_seed):
            episodes = np.flatnonzero(of_seed == cluster)
            found.setdefault(episodes.tobytes(), Group(episodes, [])).places.append((seed, int(cluster)))
    return list(found.values())


def train_by_cluster(job: Job, labels: Labels, num_clusters: int, choice: Choice) -> Artifact:
    """Train the chosen algorithm on every cluster of every seed; the policies as a file's contents.

    Args:
        job: The dataset that was clustered, and the seeds.
        labels: The cluster of each episode.
        num_clusters: K, empty clusters included.
        choice: The algorithm.

    Raises:
        UserError: A cluster, or the algorithm, is unfit for it; found before training starts.
    """
    require_continuous(job.dataset, choice.method)
    if not choice.entry.memoryless:
        cause = (
            f"{choice.method} acts after what its own policy did before, so it can't be one of several to switch among"
        )
        raise UserError(
            cause, remedy="Train it on the whole dataset, or take an algorithm that acts on the state alone"
        )
    found = groups(labels)
    for group in found:
        group.learner(job, choice)  # let go again: all of them at once would hold the dataset once per seed
    each = [
        trained(group.learner(job, choice), choice, f"{choice.method}, cluster {number} of {len(found)}")
        for number, group in enumerate(found, start=1)
    ]
    tensors = {
        POLICY: _joined([made.tensors[POLICY] for made in each], found, each[0], labels, num_clusters),
        "best_cluster": best_clusters(job, labels, num_clusters),
        **prefixed("normaliser", each[0].part("normaliser")),
        **prefixed("metrics", _losses(each)),
    }
    return Artifact(tensors, {**each[0].metadata, "kind": "by_cluster", "num_clusters": num_clusters})


def best_clusters(job: Job, labels: Labels, num_clusters: int) -> Int[Tensor, "seeds"]:
    """The cluster of each seed whose episodes have the largest mean return, undiscounted."""
    returns = job.dataset.episode_returns
    means = [[returns[row == z].mean() if (row == z).any() else -np.inf for z in range(num_clusters)] for row in labels]
    return torch.from_numpy(np.array(means)).argmax(1)


def _joined(parts: list[Tensor], found: list[Group], made: Artifact, labels: Labels, num_clusters: int) -> Tensor:
    """The policies of all groups as one ensemble ``[seeds, clusters]``."""
    sizes = tuple(made.metadata["policy_sizes"])
    whole = Ensemble(sizes, len(labels), num_clusters)
    flat = torch.zeros(whole.num_parameters)
    for parameters, group in zip(parts, found, strict=True):
        networks = [seed * num_clusters + cluster for seed, cluster in group.places]
        views = Ensemble(sizes, len(networks)).views(parameters.detach().cpu())
        for there, here in zip(whole.views(flat), views, strict=True):
            there[networks] = here
    return flat


def _losses(each: list[Artifact]) -> dict[str, Tensor]:
    """Losses over training, a column for each policy that was trained; all were recorded at the same steps."""
    parts = [made.part("metrics") for made in each]
    return {
        name: parts[0][name] if name.endswith("/steps") else torch.cat([part[name] for part in parts], dim=1)
        for name in parts[0]
    }

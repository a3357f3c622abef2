"""A file of clusters: the only place that knows the names of what is in it.

    labels                    int64   [seeds, episodes]            the cluster of each episode
    responsibilities          float32 [seeds, episodes, clusters]  weight of each cluster for each episode
    history/labels            int16   [labelled, seeds, episodes]  labels after each iteration, -1: none; may be empty
    history/score             float64 [iterations, seeds]          what the method maximises; NaN once a seed stopped
    details/<name>            whatever else the method found
    metrics/<loss>/...        losses over training: steps, values
    normaliser/..., behaviours/..., classifier/...                 see `cluster_networks`

Facts (JSON): kind, num_clusters (K, empty clusters included), score (its name), converged, seeds, settings, lengths
(fingerprint of those of the episodes), and certainty, which says for each seed how sure its clusters are
(`certainty/verdicts.py`).

Reading needs no torch: arrays are NumPy's. Where tensors are wanted, ``torch.from_numpy`` takes them as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float, Int
from safetensors import safe_open

from stages.errors import UserError
from stages.made_files import REMAKE, json_object, reading

if TYPE_CHECKING:
    from stages.artifacts import Artifact
    from stages.clustering.contract import Clustering

LABELS, HISTORY_LABELS, HISTORY_SCORE = "labels", "history/labels", "history/score"


@dataclass(frozen=True)
class ClustersFile:
    """The clusters that every seed of a block found.

    Attributes:
        arrays: All that the file holds, by name.
        facts: What it says about them.
        place: Where it was read from, for messages.
    """

    arrays: dict[str, np.ndarray]
    facts: dict[str, Any]
    place: str = "clusters"

    @classmethod
    def read(cls, path: Path | str) -> ClustersFile:
        """The file at `path`.

        Raises:
            UserError: It is missing, damaged or without clusters.
        """
        with reading(path), safe_open(path, "np") as file:
            facts = json_object((file.metadata() or {}).get("metadata", "{}"))
            arrays = {name: file.get_tensor(name) for name in file.keys()}
        return cls(arrays, facts, str(path))

    @classmethod
    def of(cls, artifact: Artifact) -> ClustersFile:
        """What an artifact holds.

        Raises:
            UserError: It has no clusters.
        """
        arrays = {name: tensor.detach().cpu().numpy() for name, tensor in artifact.tensors.items()}
        return cls(arrays, artifact.metadata, artifact.place or "clusters")

    @staticmethod
    def contents(clustering: Clustering, **facts: object) -> Artifact:
        """What `read` reads, for a method's result and what is to be said about it (seeds, settings)."""
        from stages.artifacts import Artifact, prefixed

        tensors = {
            LABELS: clustering.labels,
            "responsibilities": clustering.responsibilities,
            HISTORY_LABELS: clustering.history_labels,
            HISTORY_SCORE: clustering.score_history,
            **prefixed("normaliser", clustering.normaliser.tensors()),
            **prefixed("metrics", clustering.metrics),
            **prefixed("details", clustering.details),
        }
        said: dict[str, object] = {
            "kind": "clusters",
            "num_clusters": clustering.responsibilities.shape[-1],
            "score": clustering.score_name,
            "converged": clustering.converged,
        }
        if clustering.behaviours is not None:
            networks = clustering.behaviours.networks(clustering.normaliser)
            tensors, said = tensors | networks.tensors(), said | networks.shapes()
        return Artifact(tensors, said | facts)

    def __post_init__(self) -> None:
        if LABELS not in self.arrays or "num_clusters" not in self.facts:
            raise UserError("holds no clusters", place=self.place, remedy="Make it with stages.cluster_trajectories")
        if wrong := self._wrong():
            raise UserError(f"is damaged ({wrong})", place=self.place, remedy=REMAKE)

    def _wrong(self) -> str:
        """What readers count on and does not hold; empty if all does."""
        labels, clusters, seeds = self.arrays[LABELS], self.facts["num_clusters"], self.facts.get("seeds")
        weights = self.arrays.get("responsibilities")
        if labels.ndim != 2 or labels.dtype.kind not in "iu" or not labels.size:
            return f"labels are {labels.dtype} of shape {labels.shape}"
        if not isinstance(clusters, int) or not 0 <= labels.min() <= labels.max() < clusters:
            return f"labels from {labels.min()} to {labels.max()}, number of clusters {clusters}"
        if seeds is not None and (not isinstance(seeds, list) or len(seeds) != len(labels)):
            return f"labels of {len(labels)} seeds, which are said to be {seeds}"
        if weights is not None and weights.shape != (*labels.shape, clusters):
            return f"responsibilities have shape {weights.shape} for {labels.shape} labels of {clusters} clusters"
        return ""

    @property
    def labels(self) -> Int[np.ndarray, "seeds episodes"]:
        return self.arrays[LABELS].astype(np.int64, copy=False)

    @property
    def ambiguity(self) -> Float[np.ndarray, "seeds episodes"] | None:
        """Probability that an episode is of another cluster than its own: 1 - its largest responsibility."""
        weights = self.arrays.get("responsibilities")
        return None if weights is None else 1 - weights.max(-1).astype(np.float64).clip(0, 1)

    @property
    def certainty(self) -> list[dict[str, Any]]:
        """How sure each seed's clusters are; empty where the file is of before it was looked at."""
        return list(self.facts.get("certainty", [{} for _ in self.labels]))

    @property
    def history_labels(self) -> Int[np.ndarray, "labelled seeds episodes"]:
        return self.arrays.get(HISTORY_LABELS, np.zeros((0, *self.labels.shape), dtype=np.int16))

    @property
    def score_history(self) -> Float[np.ndarray, "iterations seeds"]:
        history = self.arrays.get(HISTORY_SCORE, np.zeros((0, len(self.labels))))
        return history.astype(np.float64, copy=False)

    @property
    def score_name(self) -> str:
        return str(self.facts.get("score", ""))

    @property
    def num_clusters(self) -> int:
        """K, empty clusters included."""
        return int(self.facts["num_clusters"])

    @property
    def converged(self) -> list[bool]:
        """Whether each seed's assignments had stopped changing."""
        return list(self.facts.get("converged", [False] * len(self.labels)))

    @property
    def seeds(self) -> list[int]:
        return list(self.facts["seeds"])

    @property
    def settings(self) -> dict[str, Any]:
        """The method's settings, its name under ``method``."""
        return dict(self.facts.get("settings", {}))

    def detail(self, name: str) -> np.ndarray | None:
        """What else the method found under this name, such as ``latents`` or ``merge_scores``; None if nothing."""
        return self.arrays.get(f"details/{name}")

    def labels_of_steps(self, episode_of_step: Int[np.ndarray, "steps"]) -> Int[np.ndarray, "seeds steps"]:
        """The cluster of each step of the dataset."""
        return self.labels[:, episode_of_step]

    def require_seeds(self, seeds: Sequence[int]) -> None:
        """Stop unless the clusters are of these seeds.

        Raises:
            UserError: They are of others.
        """
        if (found := self.facts.get("seeds")) != list(seeds):
            cause = f"has clusters of the seeds {found}, not {list(seeds)}"
            raise UserError(cause, place=self.place, remedy="Cluster with the same --seeds")

    def require_episodes(self, lengths: Int[np.ndarray, "episodes"]) -> None:
        """Stop unless the clusters are of episodes of these lengths.

        Raises:
            UserError: They are of others than those of the dataset.
        """
        cause, said = "", self.facts.get("lengths")
        if (count := self.labels.shape[1]) != len(lengths):
            cause = f"has clusters of {count} episodes, the dataset has {len(lengths)}"
        elif said is not None and said != fingerprint_of(lengths):
            cause = f"has clusters of {count} episodes of other lengths than the dataset's"
        if cause:
            raise UserError(cause, place=self.place, remedy="Give the dataset that was clustered")


def fingerprint_of(lengths: Int[np.ndarray, "episodes"]) -> str:
    """Tells datasets of as many episodes apart, unless their episodes are all as long."""
    return sha256(np.asarray(lengths, dtype="<i8").tobytes()).hexdigest()[:16]

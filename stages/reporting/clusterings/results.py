"""Clusterings of a dataset: what they found, what was diagnosed, and the tables that compare them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from stages.paths import CLUSTERS, DIAGNOSIS, Place
from stages.reporting.clusterings.diagnoses import Diagnosis, read_diagnosis
from stages.reporting.clusterings.records import AblationRow, ClusteringRow, CostRow, KRow
from stages.reporting.gathering import Source, by_name, every
from stages.reporting.kit.blocks import evenly, join_blocks
from stages.reporting.kit.records import read_rows
from stages.reporting.kit.tensors import TensorFile

MOST_LABELLED = 4096  # episodes whose assignments are kept over time; all of them would take gigabytes


@dataclass(frozen=True)
class Clusters:
    """A clustering of the dataset's episodes by every seed.

    Attributes:
        seeds: The seeds.
        labels: The cluster of each episode.
        history_labels: Clusters after each iteration, of the episodes that `shown_episodes` names.
        score: What the method maximises, after each iteration; its name is `score_name`.
        merge_scores: The criterion that the number of clusters is chosen by, after each merge; empty for most methods.
        merge_num_clusters: Clusters left after each merge.
        num_clusters: Number of clusters, empty ones included.
        score_name: What `score` is.
        settings: Settings of the method.
        ambiguity: Probability that each episode is of another cluster; empty where it is not known.
    """

    seeds: Int[np.ndarray, "seeds"]
    labels: Int[np.ndarray, "seeds episodes"]
    history_labels: Int[np.ndarray, "labelled seeds shown"]
    score: Float[np.ndarray, "iterations seeds"]
    merge_scores: Float[np.ndarray, "seeds merges"]
    merge_num_clusters: Float[np.ndarray, "seeds merges"]
    num_clusters: int
    score_name: str
    settings: dict[str, Any]
    ambiguity: Float[np.ndarray, "seeds episodes"] = field(default_factory=lambda: np.zeros((0, 0)))

    @property
    def shown_episodes(self) -> Int[np.ndarray, "shown"]:
        """The episodes of `history_labels`, evenly spread."""
        return evenly(self.labels.shape[1], MOST_LABELLED)

    @property
    def found(self) -> list[int]:
        """How many clusters hold episodes, by seed."""
        return [int((np.bincount(labels) > 0).sum()) for labels in self.labels]

    @property
    def trivial(self) -> bool:
        """Whether one cluster is what was asked for, so that there was nothing to find."""
        return bool(self.settings.get("num_clusters", self.num_clusters) == 1)

    @property
    def estimated(self) -> bool:
        """Whether the method found the number of clusters itself."""
        unset = None if self.merge_scores.size else self.num_clusters
        return self.settings.get("num_clusters", unset) is None


@dataclass(frozen=True)
class Clusterings:
    """Of one dataset, by the name of the clustering; `costs` are about several datasets."""

    clusterings: dict[str, Clusters] = field(default_factory=dict)
    diagnoses: dict[str, Diagnosis] = field(default_factory=dict)
    comparison: list[ClusteringRow] = field(default_factory=list)
    k_sensitivity: list[KRow] = field(default_factory=list)
    ablation: list[AblationRow] = field(default_factory=list)
    costs: list[CostRow] = field(default_factory=list)

    @property
    def several(self) -> dict[str, Clusters]:
        """Those into more than one cluster."""
        return {name: clusters for name, clusters in self.clusterings.items() if not clusters.trivial}


def read_clusters(path: Path) -> Clusters:
    """The labels and their history of one block of seeds.

    Raises:
        UserError: The file is missing or damaged.
    """
    wanted = ("labels", "responsibilities", "history/", "details/merge_scores", "details/merge_num_clusters")
    file = TensorFile(path, only=wanted)
    arrays, metadata = file.arrays, file.metadata
    labels = arrays["labels"].astype(np.int64)
    nothing = np.zeros((len(labels), 0))
    return Clusters(
        seeds=np.array(metadata["seeds"]),
        labels=labels,
        history_labels=arrays["history/labels"][:, :, evenly(labels.shape[1], MOST_LABELLED)].astype(np.int16),
        score=arrays["history/score"].astype(np.float64),
        merge_scores=arrays.get("details/merge_scores", nothing).astype(np.float64),
        merge_num_clusters=arrays.get("details/merge_num_clusters", nothing).astype(np.float64),
        num_clusters=int(metadata["num_clusters"]),
        score_name=metadata.get("score", "log-likelihood per step"),
        settings=metadata.get("settings", {}),
        ambiguity=1 - arrays["responsibilities"].max(-1) if "responsibilities" in arrays else nothing,
    )


def _table(field: str, place: str, row: type[Any]) -> Source:
    return Source(Clusterings, field, (Place(place),), partial(read_rows, kind=row), every)


joined = partial(join_blocks, second=("history_labels", "score"))
CLUSTERINGS = Source(Clusterings, "clusterings", (CLUSTERS,), read_clusters, by_name("clustering", joined))
DIAGNOSES = Source(Clusterings, "diagnoses", (DIAGNOSIS,), read_diagnosis, by_name("clustering", Diagnosis.joined))
SOURCES = (
    CLUSTERINGS,
    DIAGNOSES,
    _table("comparison", "results/clustering/{dataset}.csv", ClusteringRow),
    _table("k_sensitivity", "results/k_sensitivity/{dataset}.csv", KRow),
    _table("ablation", "results/ablation/{dataset}.csv", AblationRow),
    _table("costs", "results/clustering_cost.csv", CostRow),
)

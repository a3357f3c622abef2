"""The files a summary or a report is made of, recognised by their place and gathered by dataset.

    .../generated/{dataset}.hdf5                            the data
    .../evaluation/{dataset}/{agent}/seeds-{block}.npz      rollouts
    .../clusters/{dataset}/{clustering}/seeds-{block}.safetensors
    .../{stage}/{dataset}/.../seeds-{block}.safetensors     other trained things: losses and run times
    .../diagnostics/{dataset}/{clustering}/seeds-{block}.json
    .../safe_evaluation/{dataset}/{agent}/seeds-{block}.npz rollouts under cost limits
    .../partitions/{dataset}/{partition}.safetensors        which segments are desirable under which limit
    .../bound/{dataset}.json  .../ablation/{dataset}.csv  .../figure4/{dataset}.csv  .../safe_studies/{dataset}.csv
    .../clustering/{dataset}.csv  .../k_sensitivity/{dataset}.csv       what all clusterings scored
    .../clustering_cost.csv                                 time and memory against the size of the data
    .../{stage}/{dataset}/.../*.tsv  .../{stage}/{dataset}.tsv          Snakemake's benchmarks: run times

Datasets, agents and clusterings keep the order in which their files were given; blocks of seeds are joined.
"""

from __future__ import annotations

import csv
import json
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

from stages.artifacts import Artifact
from stages.datasets.episodes import EpisodeDataset
from stages.errors import UserError
from stages.formats.loading import load
from stages.reporting.benchmarks import Benchmark, read_benchmarks
from stages.reporting.blocks import join_blocks
from stages.reporting.diagnoses import Diagnosis, read_diagnosis
from stages.reporting.safe_inputs import SafeEvaluation, partition_facts, read_safe_evaluation

TRAINED = ("clusters", "critics", "improved", "high_level", "offline", "safe")
STAGES = (*TRAINED, "evaluation", "diagnostics", "partitions", "safe_evaluation")
TABLES = ("ablation", "figure4", "clustering", "k_sensitivity", "safe_studies")
SINGLE = ("data", "bound", *TABLES)
COSTS = "clustering_cost"
JOINED: dict[str, Callable[[Sequence[Any]], Any]] = {
    "diagnoses": Diagnosis.joined,
    "safe_evaluations": SafeEvaluation.joined,
}
MOST_LABELLED = 4096  # episodes whose assignments are kept over time; all of them would take gigabytes


@dataclass(frozen=True)
class Evaluation:
    """Rollouts of one agent, all seeds."""

    seeds: Int[np.ndarray, "seeds"]
    returns: Float[np.ndarray, "seeds episodes"]
    lengths: Int[np.ndarray, "seeds episodes"]
    terminated: Bool[np.ndarray, "seeds episodes"]
    paths: Float[np.ndarray, "seeds drawn steps 2"]
    choices: Int[np.ndarray, "seeds drawn steps"]
    cluster_returns: Float[np.ndarray, "seeds clusters alone"]


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
class Trained:
    """Losses and facts of one file of trained networks: `names` are the folders between stage and file."""

    stage: str
    names: tuple[str, ...]
    seeds: tuple[int, ...]
    metadata: dict[str, Any]
    losses: dict[str, tuple[np.ndarray, np.ndarray]]


@dataclass
class DatasetResults:
    """Everything known about one dataset; parts that were not given are empty or None."""

    name: str
    dataset: EpisodeDataset | None = None
    evaluations: dict[str, Evaluation] = field(default_factory=dict)
    clusterings: dict[str, Clusters] = field(default_factory=dict)
    trained: list[Trained] = field(default_factory=list)
    diagnoses: dict[str, Diagnosis] = field(default_factory=dict)
    bound: dict[str, Any] | None = None
    ablation: list[dict[str, str]] = field(default_factory=list)
    figure4: list[dict[str, str]] = field(default_factory=list)
    clustering: list[dict[str, str]] = field(default_factory=list)
    k_sensitivity: list[dict[str, str]] = field(default_factory=list)
    safe_evaluations: dict[str, SafeEvaluation] = field(default_factory=dict)
    partitions: dict[str, dict[str, Any]] = field(default_factory=dict)
    safe_studies: list[dict[str, str]] = field(default_factory=list)
    benchmarks: list[Benchmark] = field(default_factory=list)

    @property
    def environment(self) -> str:
        return "" if self.dataset is None else self.dataset.environment

    @property
    def true_labels(self) -> Int[np.ndarray, "episodes"] | None:
        return None if self.dataset is None else self.dataset.behaviour_policy

    def jobs(self, clustering: str) -> list[Benchmark]:
        """What is known of the time and memory of a clustering's jobs."""
        return [job for job in self.benchmarks if (job.stage, job.names) == ("clusters", (clustering,))]


class Collection(dict[str, DatasetResults]):
    """Results by dataset, and `costs`: time and memory of methods on data of several sizes, one row per run."""

    costs: list[dict[str, str]]


def gather(files: Sequence[str]) -> Collection:
    """Read `files`, each once however often it is named, and group them by dataset.

    Raises:
        UserError: A file is missing, damaged, or in a place that says nothing.
    """
    found = Collection()
    found.costs = []
    blocks: dict[tuple[str, str, str], list[Any]] = {}
    for path in dict.fromkeys(map(Path, files)):
        stage, dataset, *names = _place(path)
        if not path.is_file():
            raise UserError("no such file", place=str(path), remedy="Run `snakemake` to make it")
        if not dataset:
            found.costs += _rows(path) if stage == COSTS else []
            continue
        results = found.setdefault(dataset, DatasetResults(dataset))
        if stage == "generated":
            results.dataset = load(path)
        elif path.suffix == ".tsv":
            results.benchmarks += read_benchmarks(path, stage, tuple(names))
        elif stage == "bound":
            results.bound = json.loads(path.read_text())
        elif stage in TABLES:
            setattr(results, stage, _rows(path))
        elif stage == "diagnostics":
            blocks.setdefault((dataset, "diagnoses", names[0]), []).append(read_diagnosis(path))
        elif stage == "evaluation":
            blocks.setdefault((dataset, "evaluations", names[0]), []).append(read_evaluation(path))
        elif stage == "safe_evaluation":
            blocks.setdefault((dataset, "safe_evaluations", names[0]), []).append(read_safe_evaluation(path))
        elif stage == "partitions":
            results.partitions[path.stem] = partition_facts(path)
        else:
            artifact = Artifact.load(path)
            results.trained.append(_trained(stage, tuple(names), artifact))
            if stage == "clusters":
                blocks.setdefault((dataset, "clusterings", names[0]), []).append(clusters_of(artifact))
    for (dataset, kind, name), parts in blocks.items():
        getattr(found[dataset], kind)[name] = JOINED.get(kind, join_blocks)(parts)
    return found


def read_evaluation(path: Path) -> Evaluation:
    """One block of rollouts.

    Raises:
        UserError: Damaged, or not what the evaluation stage writes.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return Evaluation(**{one.name: arrays[one.name] for one in fields(Evaluation)})
    except (ValueError, KeyError, zipfile.BadZipFile, EOFError) as error:
        raise UserError(
            f"not an evaluation ({error})", place=str(path), remedy="Remove it and run `snakemake`"
        ) from error


def clusters_of(artifact: Artifact) -> Clusters:
    """The labels and their history, from a clustering's artifact."""
    labels = artifact.tensors["labels"].numpy().astype(np.int64)
    shown = evenly(labels.shape[1], MOST_LABELLED)
    nothing = np.zeros((len(labels), 0))
    details = {key: one.numpy().astype(np.float64) for key, one in artifact.part("details").items() if "merge_" in key}
    return Clusters(
        seeds=np.array(artifact.metadata["seeds"]),
        labels=labels,
        history_labels=artifact.tensors["history/labels"].numpy()[:, :, shown].astype(np.int16),
        score=artifact.tensors["history/score"].numpy().astype(np.float64),
        merge_scores=details.get("merge_scores", nothing),
        merge_num_clusters=details.get("merge_num_clusters", nothing),
        num_clusters=int(artifact.metadata["num_clusters"]),
        score_name=artifact.metadata.get("score", "log-likelihood per step"),
        settings=artifact.metadata.get("settings", {}),
    )


def evenly(number: int, most: int) -> Int[np.ndarray, "chosen"]:
    """At most `most` of `number` indices, evenly spread."""
    return np.unique(np.linspace(0, number - 1, min(number, most)).astype(np.int64))


def _rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text().splitlines()))


def _trained(stage: str, names: tuple[str, ...], artifact: Artifact) -> Trained:
    part = artifact.part("metrics")
    losses = {
        key.removesuffix("/steps"): (part[key].numpy(), part[key.removesuffix("steps") + "values"].numpy())
        for key in part
        if key.endswith("/steps")
    }
    return Trained(stage, names, tuple(artifact.metadata.get("seeds", ())), artifact.metadata, losses)


def _place(path: Path) -> tuple[str, ...]:
    """(stage, dataset, further names) of a file, from its folders; no dataset where it is about none or several."""
    if path.suffix == ".hdf5":
        return ("generated", path.stem)
    if path.name == f"{COSTS}.csv":
        return (COSTS, "")
    if path.parent.name in SINGLE:
        return (path.parent.name, path.stem)
    folders = path.parent.parts
    for position in range(len(folders) - 2, -1, -1):
        if folders[position] in STAGES:
            return folders[position:]
    if path.suffix == ".tsv":
        return ("", "")  # of a job that is not about a dataset's results, such as the training of behaviours
    raise UserError(
        "its folder does not say what it is", place=str(path), remedy=f"Expected one of {', '.join(STAGES)}"
    )

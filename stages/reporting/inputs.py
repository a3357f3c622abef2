"""The files a summary or a report is made of, recognised by their place and gathered by dataset.

    .../generated/{dataset}.hdf5                            the data
    .../evaluation/{dataset}/{agent}/seeds-{block}.npz      rollouts
    .../clusters/{dataset}/{clustering}/seeds-{block}.safetensors
    .../{stage}/{dataset}/.../seeds-{block}.safetensors     other trained things: losses and run times
    .../bound/{dataset}.json  .../ablation/{dataset}.csv  .../figure4/{dataset}.csv
    .../{stage}/{dataset}/.../*.tsv  .../{stage}/{dataset}.tsv          Snakemake's benchmarks: run times

Datasets, agents and clusterings keep the order in which their files were given; blocks of seeds are joined.
"""

from __future__ import annotations

import csv
import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

from stages.artifacts import Artifact
from stages.datasets.episodes import EpisodeDataset
from stages.datasets.loading import load
from stages.errors import UserError

STAGES = ("clusters", "critics", "improved", "high_level", "offline", "evaluation")
SINGLE = ("data", "bound", "ablation", "figure4")


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
    """A clustering of the dataset's episodes by every seed."""

    seeds: Int[np.ndarray, "seeds"]
    labels: Int[np.ndarray, "seeds episodes"]
    history_labels: Int[np.ndarray, "epochs seeds episodes"]
    score: Float[np.ndarray, "epochs seeds"]
    num_clusters: int
    settings: dict[str, Any]


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
    bound: dict[str, Any] | None = None
    ablation: list[dict[str, str]] = field(default_factory=list)
    figure4: list[dict[str, str]] = field(default_factory=list)
    seconds: list[tuple[str, float]] = field(default_factory=list)

    @property
    def environment(self) -> str:
        return "" if self.dataset is None else self.dataset.environment

    @property
    def true_labels(self) -> Int[np.ndarray, "episodes"] | None:
        return None if self.dataset is None else self.dataset.behaviour_policy


def gather(files: Sequence[str]) -> dict[str, DatasetResults]:
    """Read `files` and group them by dataset.

    Raises:
        UserError: A file is missing, damaged, or in a place that says nothing.
    """
    found: dict[str, DatasetResults] = {}
    blocks: dict[tuple[str, str, str], list[Any]] = {}
    for path in map(Path, files):
        stage, dataset, *names = _place(path)
        results = found.setdefault(dataset, DatasetResults(dataset))
        if not path.is_file():
            raise UserError("no such file", place=str(path), remedy="Run `snakemake` to make it")
        if stage == "generated":
            results.dataset = load(path)
        elif path.suffix == ".tsv":
            results.seconds += [
                (stage, float(row["s"])) for row in csv.DictReader(path.read_text().splitlines(), delimiter="\t")
            ]
        elif stage == "bound":
            results.bound = json.loads(path.read_text())
        elif stage in ("ablation", "figure4"):
            setattr(results, stage, list(csv.DictReader(path.read_text().splitlines())))
        elif stage == "evaluation":
            blocks.setdefault((dataset, "evaluations", names[0]), []).append(read_evaluation(path))
        else:
            artifact = Artifact.load(path)
            results.trained.append(_trained(stage, tuple(names), artifact))
            if stage == "clusters":
                blocks.setdefault((dataset, "clusterings", names[0]), []).append(clusters_of(artifact))
    for (dataset, kind, name), parts in blocks.items():
        getattr(found[dataset], kind)[name] = join_blocks(parts)
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
    history = artifact.tensors["history/labels"].numpy().astype(np.int64)
    return Clusters(
        seeds=np.array(artifact.metadata["seeds"]),
        labels=artifact.tensors["labels"].numpy().astype(np.int64),
        history_labels=history,
        score=artifact.tensors["history/score"].numpy().astype(np.float64),
        num_clusters=int(artifact.metadata["num_clusters"]),
        settings=artifact.metadata.get("settings", {}),
    )


def join_blocks(parts: Sequence[Any]) -> Any:
    """Blocks of seeds as one, sorted by seed; axes other than the seeds' are padded to the longest (NaN, -1, False)."""
    order = np.argsort(np.concatenate([part.seeds for part in parts]), kind="stable")
    joined = {}
    for one in fields(parts[0]):
        values = [getattr(part, one.name) for part in parts]
        if isinstance(values[0], np.ndarray):
            axis = 1 if one.name in ("history_labels", "score") else 0
            joined[one.name] = np.concatenate(_padded(values, axis), axis=axis).take(order, axis=axis)
        else:
            joined[one.name] = values[0]
    return type(parts[0])(**joined)


def _padded(values: list[np.ndarray], axis: int) -> list[np.ndarray]:
    shape = np.max([value.shape for value in values], axis=0)
    filling = np.nan if values[0].dtype.kind == "f" else False if values[0].dtype.kind == "b" else -1
    widths = [[(0, 0 if a == axis else shape[a] - value.shape[a]) for a in range(value.ndim)] for value in values]
    return [np.pad(value, width, constant_values=filling) for value, width in zip(values, widths, strict=True)]


def _trained(stage: str, names: tuple[str, ...], artifact: Artifact) -> Trained:
    part = artifact.part("metrics")
    losses = {
        key.removesuffix("/steps"): (part[key].numpy(), part[key.removesuffix("steps") + "values"].numpy())
        for key in part
        if key.endswith("/steps")
    }
    return Trained(stage, names, tuple(artifact.metadata.get("seeds", ())), artifact.metadata, losses)


def _place(path: Path) -> tuple[str, ...]:
    """(stage, dataset, further names) of a file, from its folders."""
    if path.suffix == ".hdf5":
        return ("generated", path.stem)
    if path.parent.name in SINGLE:
        return (path.parent.name, path.stem)
    folders = path.parent.parts
    for position in range(len(folders) - 2, -1, -1):
        if folders[position] in STAGES:
            return folders[position:]
    raise UserError(
        "its folder does not say what it is", place=str(path), remedy=f"Expected one of {', '.join(STAGES)}"
    )

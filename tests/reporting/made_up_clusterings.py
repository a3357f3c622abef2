"""Made-up clusterings of a small gridworld, in the layouts that the stages write: labels, diagnostics, benchmarks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch

from stages.artifacts import Artifact
from stages.datasets.episodes import EpisodeDataset
from stages.formats.native import write_native
from stages.generators import GENERATORS
from stages.reporting.clusterings.contingency import agreement, counted, scores_of

POLICIES = 4
START = 6  # clusters that merging starts from


def takeball(folder: Path, episodes: int = 25, name: str = "takeball") -> tuple[str, EpisodeDataset]:
    """A small recording of Takeball."""
    settings = GENERATORS.settings("takeball")(episodes={f"ball {ball}": episodes for ball in range(POLICIES)})
    dataset = GENERATORS.entry("takeball")(settings)
    path = folder / f"data/generated/{name}.hdf5"
    write_native(path, dataset)
    return str(path), dataset


def found(truth: np.ndarray, wrong: float, clusters: int, seed: int) -> np.ndarray:
    """Labels that are wrong for a share of the episodes, in an order that differs from seed to seed."""
    random = np.random.default_rng(seed)
    labels = random.permutation(clusters)[truth % clusters]
    moved = random.random(len(truth)) < wrong
    return np.where(moved, random.integers(0, clusters, len(truth)), labels)


def clusters_file(
    folder: Path, dataset: EpisodeDataset, name: str, seeds: list[int], wrong: float = 0.0, start: int | None = None,
    history: int = 0, **settings: Any,
) -> str:  # fmt: skip
    """Clusters of one method; with `start`, as PG-Kmeans leaves them: restarts, merges from that many clusters."""
    truth = dataset.behaviour_policy
    assert truth is not None
    labels = torch.from_numpy(np.stack([found(truth, wrong, POLICIES, seed) for seed in seeds]))
    tensors = {
        "labels": labels,
        "responsibilities": torch.nn.functional.one_hot(labels, POLICIES).float(),
        "history/labels": labels[None].repeat(history, 1, 1).to(torch.int16),
        "history/score": torch.linspace(-3, -1, 6)[:, None].double().repeat(1, len(seeds)),
    }
    if start is not None:
        merges = start - 1
        number = torch.arange(start, 0, -1).double().repeat(len(seeds), 1)
        tensors |= {
            "details/restart_labels": torch.stack([_restarts(truth, start, seed) for seed in seeds]).to(torch.int8),
            "details/restart_merged": torch.stack([_restarts(truth, POLICIES, seed) for seed in seeds]).to(torch.int8),
            "details/restart_score": torch.zeros(len(seeds), 5).double(),
            "details/merge_costs": torch.zeros(len(seeds), merges).double(),
            "details/merge_scores": -(number - POLICIES).abs() + 0.05 * torch.arange(len(seeds))[:, None],
            "details/merge_num_clusters": number,
        }
    metadata = {
        "seeds": seeds,
        "num_clusters": POLICIES,
        "score": "log-likelihood per episode",
        "settings": {"method": name.partition("-")[0], **settings},
    }
    path = folder / f"results/clusters/takeball/{name}/seeds-{seeds[0]}-{seeds[-1]}.safetensors"
    Artifact(tensors, metadata).save(path)
    return str(path)


def tried_files(folder: Path, dataset: EpisodeDataset, numbers: list[int]) -> list[str]:
    """Clusters from several initial numbers of clusters, with benchmarks: PG-Kmeans that gets worse with k, and DEC."""
    files = []
    for k in numbers:
        name = f"pg_kmeans-initial_clusters={k}"
        files.append(
            clusters_file(folder, dataset, name, [0, 1], k / 100, start=k, num_clusters=None, initial_clusters=k)
        )
        files.append(benchmark_file(folder, files[-1], cpu=10.0 * k))
        files.append(clusters_file(folder, dataset, f"dec-num_clusters={k}", [0, 1], 0.5, num_clusters=k))
    return files


def costs_file(folder: Path) -> str:
    """Two sizes of data at one K, three K at one size."""
    path = folder / "results/clustering_cost.csv"
    rows = [(1000, 4), (10000, 4), (10000, 2), (10000, 8)]
    lines = [f"pg_kmeans,toy,{steps // 10},{steps},{k},{steps * k / 1000},{300 + k}" for steps, k in rows]
    lines.append("dec,toy,100,1000,4,3.0,250")
    header = "clustering,dataset,episodes,steps,num_clusters,seconds,max_rss_mb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([header, *lines]) + "\n")
    return str(path)


def _restarts(truth: np.ndarray, clusters: int, seed: int) -> torch.Tensor:
    return torch.from_numpy(np.stack([found(truth, 0.1, clusters, 10 * seed + restart) for restart in range(5)]))


def diagnostics_file(folder: Path, dataset: EpisodeDataset, clusters: str) -> str:
    """What the diagnostics stage says about a file of clusters."""
    path = Path(clusters)
    artifact = Artifact.load(path)
    labels = artifact.tensors["labels"].numpy()
    truth = dataset.behaviour_policy
    assert truth is not None
    contents = {
        "clustering": {"method": artifact.metadata["settings"]["method"], "score": artifact.metadata["score"]},
        "dataset": {
            "episodes": dataset.num_episodes, "steps": dataset.num_steps, "true_num_clusters": POLICIES, "k_lower": 3,
            "k_upper": 5, "oracle": json.loads(dataset.attributes["oracle_ceiling"]), "conflict_kind": "exact",
            "true_conflict": conflicts(POLICIES), "self_conflict": 0.0,
            "policy_names": list(dataset.behaviour_policy_names),
        },
        "seeds": [_diagnosed(truth, each, seed) for each, seed in zip(labels, artifact.metadata["seeds"], strict=True)],
        "agreement": agreement(labels) if len(labels) > 1 else None,
    }  # fmt: skip
    output = folder / f"results/diagnostics/takeball/{path.parent.name}/{path.stem}.json"
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(contents))
    return str(output)


def _diagnosed(truth: np.ndarray, labels: np.ndarray, seed: int) -> dict[str, Any]:
    counts = counted(labels, truth)
    return {
        "seed": seed, "num_clusters": POLICIES, "sizes": np.bincount(labels, minlength=POLICIES).tolist(),
        "converged": True, "score": -1.0, "scores": scores_of(counted(truth, labels)), "confusion": counts.tolist(),
        "conflict": conflicts(POLICIES), "ambiguous": 0.01, "behavioural_kl": divergences(counts),
        "warnings": ["two clusters hold the same policy"] if seed % 2 else [],
    }  # fmt: skip


def conflicts(number: int) -> list[list[float]]:
    """Rates of conflict: 2 % within clusters, about half between them."""
    return [[0.02 if a == b else 0.4 + 0.1 * ((a + b) % 3) for b in range(number)] for a in range(number)]


def divergences(counts: np.ndarray) -> list[list[float]]:
    """Small for the pairs that share most episodes."""
    return np.where(counts == counts.max(axis=1, keepdims=True), 0.05, 3.1).tolist()


def benchmark_file(folder: Path, clusters: str, cpu: float = 60.0, memory: float = 420.0) -> str:
    """Snakemake's benchmark of the job that made a file of clusters."""
    path = Path(clusters)
    output = folder / f"logs/clusters/takeball/{path.parent.name}/{path.stem}.tsv"
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(f"s\th:m:s\tmax_rss\tcpu_time\n{cpu + 3}\t0:01:03\t{memory}\t{cpu}\n")
    return str(output)

"""The clusters that every seed of a block found, read beside the dataset in which they were found."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from stages.artifacts import Artifact
from stages.datasets.episodes import EpisodeDataset
from stages.errors import UserError


@dataclass(frozen=True)
class FoundClusters:
    """One seed's clusters.

    Attributes:
        seed: The seed.
        labels: The cluster of each episode, in ``0 .. num_clusters - 1``.
        num_clusters: K, empty clusters included.
        converged: Whether the assignments had stopped changing.
        score: The last value of what the method maximises; None if it kept none.
        score_name: What the score is.
        latents: What the method clustered, if it embeds episodes.
        settings: The method's settings, its name under ``method``.
    """

    seed: int
    labels: Int[np.ndarray, "episodes"]
    num_clusters: int
    converged: bool
    score: float | None
    score_name: str
    latents: Float[np.ndarray, "episodes latent"] | None = None
    settings: dict[str, Any] = field(default_factory=dict)


def read_clusters(path: Path | str, dataset: EpisodeDataset) -> list[FoundClusters]:
    """The clusters in a file, by seed.

    Raises:
        UserError: The file is missing, damaged, without clusters, or about other episodes than those of `dataset`.
    """
    artifact = Artifact.load(path)
    tensors, known = artifact.tensors, artifact.metadata
    if "labels" not in tensors or "num_clusters" not in known:
        raise UserError("holds no clusters", place=str(path), remedy="Make it with stages.cluster_trajectories")
    labels = tensors["labels"].numpy().astype(np.int64)
    if labels.shape[1] != dataset.num_episodes:
        raise UserError(
            f"has clusters of {labels.shape[1]} episodes, the dataset has {dataset.num_episodes}",
            place=str(path),
            remedy="Give the dataset that was clustered",
        )
    history, latents = tensors.get("history/score"), tensors.get("details/latents")
    return [
        FoundClusters(
            seed=seed,
            labels=labels[row],
            num_clusters=int(known["num_clusters"]),
            converged=bool(known.get("converged", [False] * len(labels))[row]),
            score=None if history is None else _last(history[:, row].double().numpy()),
            score_name=known.get("score", ""),
            latents=None if latents is None else latents[row].double().numpy(),
            settings=known.get("settings", {}),
        )
        for row, seed in enumerate(known["seeds"])
    ]


def _last(history: Float[np.ndarray, "iterations"]) -> float | None:
    """The last value that is a number."""
    known = history[np.isfinite(history)]
    return float(known[-1]) if len(known) else None

"""The clusters that every seed of a block found, read beside the dataset in which they were found."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from stages.clustering.clusters_file import ClustersFile
from stages.datasets.episodes import EpisodeDataset


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
        ambiguity: Probability that each episode is of another cluster, by the method's responsibilities, where it has
            some.
        certainty: How sure the clusters are (`stages.clustering.certainty.verdicts`); empty where it is not known.
    """

    seed: int
    labels: Int[np.ndarray, "episodes"]
    num_clusters: int
    converged: bool
    score: float | None
    score_name: str
    latents: Float[np.ndarray, "episodes latent"] | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    ambiguity: Float[np.ndarray, "episodes"] | None = None
    certainty: dict[str, Any] = field(default_factory=dict)


def read_clusters(path: Path | str, dataset: EpisodeDataset) -> list[FoundClusters]:
    """The clusters in a file, by seed.

    Raises:
        UserError: The file is missing, damaged, without clusters, or about other episodes than those of `dataset`.
    """
    file = ClustersFile.read(path)
    file.require_episodes(dataset.episode_lengths)
    labels, latents, ambiguity = file.labels, file.detail("latents"), file.ambiguity
    return [
        FoundClusters(
            seed=seed,
            labels=labels[row],
            num_clusters=file.num_clusters,
            converged=file.converged[row],
            score=_last(file.score_history[:, row]),
            score_name=file.score_name,
            latents=None if latents is None else latents[row].astype(np.float64),
            settings=file.settings,
            ambiguity=None if ambiguity is None else ambiguity[row],
            certainty=file.certainty[row],
        )
        for row, seed in enumerate(file.seeds)
    ]


def _last(history: Float[np.ndarray, "iterations"]) -> float | None:
    """The last value that is a number."""
    numbers = history[np.isfinite(history)]
    return float(numbers[-1]) if len(numbers) else None

"""How clusterings went, iteration by iteration."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from jaxtyping import Float

from stages.plotting.em_progress import em_progress
from stages.reporting.clusterings.contingency import counted, scores_of
from stages.reporting.clusterings.results import Clusterings, Clusters
from stages.reporting.data.results import Data
from stages.reporting.gathering import DatasetResults
from stages.reporting.kit.pictures import Picture, picture

MOST_PROGRESS = 3  # clusterings


def progress_pictures(results: DatasetResults) -> Iterator[tuple[str, Picture]]:
    """(clustering, picture) of how each of the first clusterings went, without those of hardly any steps."""
    drawn = [
        (name, clusters, curves)
        for name, clusters in results.of(Clusterings).several.items()
        for curves in [agreement(results, clusters)]
        if max(_length(curves), _length(clusters.score)) > 2
    ]
    for name, clusters, curves in drawn[:MOST_PROGRESS]:
        figure = em_progress(clusters.score, curves, clusters.seeds.tolist(), "Rand index", clusters.score_name)
        alt = f"Curves of {len(clusters.seeds)} seeds over {len(clusters.score)} iterations of {name}"
        yield name, picture(figure, f"{results.name}-{name}-progress", alt)


def _length(curves: Float[np.ndarray, "iterations seeds"]) -> int:
    """Iterations that any seed has a number for."""
    return int((~np.isnan(curves)).any(axis=1).sum())


def agreement(results: DatasetResults, clusters: Clusters) -> Float[np.ndarray, "labelled seeds"]:
    """Rand index of the assignments after each iteration, on the episodes whose history is kept, then of the clusters.

    NaN where there were no assignments or the truth is not known.
    """
    iterations, seeds, _ = clusters.history_labels.shape
    curves = np.full((iterations + 1, seeds), np.nan)
    labels = results.of(Data).true_labels
    if labels is not None:
        truth = labels[clusters.shown_episodes]
        for seed in range(seeds):
            history = [found for found in clusters.history_labels[:, seed] if (found >= 0).all()]
            for iteration, found in enumerate([*history, clusters.labels[seed, clusters.shown_episodes]]):
                curves[iteration, seed] = scores_of(counted(truth, found))["rand"]
    return curves

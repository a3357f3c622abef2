"""Where an embedding puts the episodes, in its first two principal components."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float

from stages.datasets.episodes import EpisodeDataset
from stages.plotting.embedding_maps import EmbeddingMap, embedding_maps
from stages.reporting.embeddings.results import Embedded
from stages.reporting.kit.blocks import evenly
from stages.reporting.kit.captions import caption
from stages.reporting.kit.pictures import Picture, picture

MOST_EPISODES = 300


def maps_picture(name: str, embedded: Mapping[str, Embedded], dataset: EpisodeDataset | None) -> Picture | None:
    """Two maps of each embedding, coloured by level and by return; None where levels or vectors are missing.

    Args:
        name: Of the dataset.
        embedded: Embeddings by recipe.
        dataset: The episodes.
    """
    if not embedded or dataset is None or dataset.behaviour_policy is None:
        return None
    shown = evenly(dataset.num_episodes, MOST_EPISODES)
    maps = []
    for recipe, found in embedded.items():
        points, share = principal_components(found.vectors)
        levels, returns = dataset.behaviour_policy[shown], dataset.episode_returns[shown]
        maps.append(EmbeddingMap(caption("embeddings", recipe), share, points[shown], levels, returns))
    names = list(dataset.behaviour_policy_names) or [str(level) for level in range(dataset.behaviour_policy.max() + 1)]
    alt = "Episodes in two principal components of " + ", ".join(shown.title for shown in maps)
    return picture(embedding_maps(maps, names), f"{name}-embedding-maps", alt)


def principal_components(
    vectors: Float[np.ndarray, "episodes width"],
) -> tuple[Float[np.ndarray, "episodes 2"], float]:
    """The first two principal components (0 where there is one), and their share of the variance."""
    centred = vectors.astype(np.float64) - vectors.mean(axis=0, dtype=np.float64)
    _, spread, directions = np.linalg.svd(centred, full_matrices=False)
    # The sign is free: each direction's largest part is positive, so that pictures do not flip.
    largest = np.take_along_axis(directions, np.abs(directions).argmax(axis=1, keepdims=True), axis=1)
    components = centred @ (directions * np.sign(largest + (largest == 0)))[:2].T
    points = np.pad(components, ((0, 0), (0, 2 - components.shape[1])))
    total = float((spread**2).sum())
    return points, float((spread[:2] ** 2).sum()) / total if total > 0 else 1.0

"""Signs that a clustering has collapsed, in words.

Source: the signs are those of Hu, Wang, Du (arXiv 2506.09202), cluster sizes and distances of centroids, and near-equal
policies; the thresholds are the project's own.
"""

from __future__ import annotations

import networkx as nx
import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.spatial.distance import cdist

UNEVEN = 1.0  # standard deviation of cluster sizes, in units of their mean


def empty_clusters(sizes: Int[np.ndarray, "clusters"]) -> list[str]:
    """Clusters without episodes."""
    empty = np.flatnonzero(sizes == 0)
    if not len(empty):
        return []
    return [f"{len(empty)} of {len(sizes)} clusters are empty ({', '.join(map(str, empty))})"]


def missing_clusters(sizes: Int[np.ndarray, "clusters"], asked_for: int) -> list[str]:
    """A method that was told how many clusters there are and returned fewer, not even empty ones."""
    return [f"told {asked_for} clusters, found {len(sizes)}"] if len(sizes) < asked_for else []


def uneven_sizes(sizes: Int[np.ndarray, "clusters"], dominant: float) -> list[str]:
    """One cluster with a share of at least `dominant` of the episodes, or sizes that differ widely."""
    filled = sizes[sizes > 0]
    share = sizes.max() / sizes.sum()
    if len(sizes) > 1 and share >= dominant:
        return [f"cluster {sizes.argmax()} holds {share:.1%} of the episodes"]
    variation = filled.std() / filled.mean()
    if variation > UNEVEN:
        return [f"cluster sizes differ widely, from {filled.min()} to {filled.max()} (variation {variation:.1f})"]
    return []


def equal_policies(divergence: Float[np.ndarray, "clusters clusters"], least: float) -> list[str]:
    """Groups of clusters linked by policies that differ by less than `least` nats per step in both directions."""
    groups = _groups(np.fmax(divergence, divergence.T) < least)
    return [f"clusters {group} have nearly the same policy (within {least:g} nats per step)" for group in groups]


def close_centroids(latents: Float[np.ndarray, "episodes latent"], labels: Int[np.ndarray, "episodes"]) -> list[str]:
    """Groups of clusters linked by centroids closer than the episodes scatter around either (root mean square)."""
    numbers = np.arange(labels.max() + 1)
    centroids, scatter = np.full((len(numbers), latents.shape[1]), np.nan), np.zeros(len(numbers))
    for number in np.unique(labels):
        members = latents[labels == number]
        centroids[number] = members.mean(axis=0)
        scatter[number] = np.sqrt(((members - centroids[number]) ** 2).sum(axis=1).mean())
    groups = _groups(cdist(centroids, centroids) < np.maximum(scatter[:, None], scatter))
    return [f"the centroids of clusters {group} lie closer than their episodes scatter" for group in groups]


def _groups(alike: Bool[np.ndarray, "clusters clusters"]) -> list[str]:
    """Clusters that are linked to others, as "0, 1 and 4"."""
    linked = [sorted(group) for group in nx.connected_components(nx.from_numpy_array(alike)) if len(group) > 1]
    return [f"{', '.join(map(str, group[:-1]))} and {group[-1]}" for group in linked]

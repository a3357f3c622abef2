"""Episodes that share no states: whatever they do, nobody can say whether one policy would do both.

A step *meets* another cluster if its state has a nearest neighbour there that is no farther than the nearest one in
other episodes of its own cluster; an episode meets it if one of its steps does. States are in standard deviations of
each coordinate; as distances are only compared with each other, their scale does not matter. Where two clusters share
states, about every second step meets the other one, be it at a common start only. Two clusters share no states if no
episode of either meets the other. From `FEWEST` episodes each, that would happen by chance to at most one of 35 ways of
cutting one cluster in two. One misplaced episode is enough for nothing to be said.

Within a cluster, episodes are linked by their nearest states to a tree (minimum spanning tree). Its edges that are
longer than `GAP` times most others, the 95th percentile of them, part regions.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree
from scipy.spatial.distance import cdist

from stages.datasets.episodes import EpisodeDataset
from stages.datasets.scales import scales

FEWEST = 4  # episodes of a cluster or region
GAP = 3.0
MOST_EPISODES, MOST_STEPS = 160, 16  # looked at in all clusters together, steps of each episode
SAME = 1e-6  # standard deviations in the place of no distance, which sparse trees take for no edge


def without_shared_states(dataset: EpisodeDataset, labels: Int[np.ndarray, "episodes"]) -> list[tuple[int, int]]:
    """Pairs of clusters that share no states; clusters of fewer than `FEWEST` episodes are in none."""
    clusters = [int(z) for z, size in enumerate(np.bincount(labels)) if size >= FEWEST]
    if len(clusters) < 2:
        return []
    each = max(FEWEST, MOST_EPISODES // len(clusters))
    chosen = [_evenly(np.flatnonzero(labels == z), each) for z in clusters]
    met = _meetings(dataset, chosen)
    pairs = combinations(range(len(clusters)), 2)
    return [(clusters[i], clusters[j]) for i, j in pairs if not met[i, j] and not met[j, i]]


def regions(dataset: EpisodeDataset, labels: Int[np.ndarray, "episodes"]) -> dict[int, int]:
    """In how many regions that share no states the episodes of a cluster lie, by cluster, where these are several."""
    found = {}
    for cluster, size in enumerate(np.bincount(labels)):
        if size >= 2 * FEWEST:
            episodes = _evenly(np.flatnonzero(labels == cluster), MOST_EPISODES)
            distances = np.stack([nearest.min(0) for nearest in _nearest(dataset, episodes)])
            if (number := _parted(np.minimum(distances, distances.T))) > 1:
                found[cluster] = number
    return found


def _parted(distances: Float[np.ndarray, "episodes episodes"]) -> int:
    """Number of parts between gaps; 1 if one of them would have fewer than `FEWEST` episodes."""
    tree = minimum_spanning_tree(np.maximum(distances, SAME)).toarray()
    longest = GAP * np.quantile(tree[tree > 0], 0.95)
    number, part = connected_components((tree > 0) & (tree <= longest), directed=False)
    return number if np.bincount(part).min() >= FEWEST else 1


def _meetings(dataset: EpisodeDataset, chosen: list[np.ndarray]) -> Bool[np.ndarray, "clusters clusters"]:
    """Whether an episode chosen of each cluster meets each other one."""
    cluster = np.repeat(np.arange(len(chosen)), [len(members) for members in chosen])
    met = np.zeros((len(chosen), len(chosen)), dtype=bool)
    for z, nearest in zip(cluster, _nearest(dataset, np.concatenate(chosen)), strict=True):
        by_cluster = np.stack([nearest[:, cluster == other].min(1) for other in range(len(chosen))], 1)
        met[z] |= (by_cluster <= by_cluster[:, [z]]).any(0)
    return met


def _nearest(
    dataset: EpisodeDataset, episodes: Int[np.ndarray, "chosen"]
) -> Iterator[Float[np.ndarray, "steps chosen"]]:
    """Distance of each state of an episode to the nearest one in each of the episodes, infinite in itself."""
    starts, ends = dataset.episode_starts, dataset.episode_ends
    rows = [_evenly(np.arange(starts[episode], ends[episode]), MOST_STEPS) for episode in episodes]
    observations = dataset.observations[np.concatenate(rows)].astype(np.float64)
    mean = observations.mean(0)
    states = (observations - mean) / scales(observations.std(0), mean)
    first = np.cumsum([0, *map(len, rows[:-1])])
    for number, visited in enumerate(np.split(states, first[1:])):
        nearest = np.minimum.reduceat(cdist(visited, states), first, axis=1)
        nearest[:, number] = np.inf
        yield nearest


def _evenly(values: Int[np.ndarray, "all"], most: int) -> Int[np.ndarray, "chosen"]:
    return values[np.unique(np.linspace(0, len(values) - 1, min(len(values), most)).astype(np.int64))]

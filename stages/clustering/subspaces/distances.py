"""Which episodes took different actions in the same states: subspaces, pairwise distances, spectral clustering.

Two halves of each episode give two independent estimates of its policy. Products of differences, one factor from each
half, have the squared distance of the policies as their mean: noise enters both factors, but independently.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.linalg
from jaxtyping import Float, Int

QUANTILES = np.linspace(0.1, 0.9, 9)  # of the distances, tried as the threshold
FAINT = 1e-3  # weight between episodes that are not alike, so that the graph hangs together


@dataclass(frozen=True)
class Visits:
    """What each episode did in each state it visited, from two halves of its visits.

    A state's visits go to the halves in turn. Where a state was visited once, that visit counts in both halves: exact
    for policies without randomness, and all there is in short episodes.

    Attributes:
        episode: Which episode.
        state: Which state.
        count: Number of visits.
        frequencies: Share of each action, for either half.
    """

    episode: Int[np.ndarray, "visits"]
    state: Int[np.ndarray, "visits"]
    count: Int[np.ndarray, "visits"]
    frequencies: Float[np.ndarray, "2 visits actions"]

    @classmethod
    def of(
        cls,
        episode: Int[np.ndarray, "steps"],
        state: Int[np.ndarray, "steps"],
        action: Int[np.ndarray, "steps"],
        num_actions: int,
    ) -> Visits:
        """The visits among steps in the order of time."""
        key = episode * (int(state.max()) + 1) + state
        order = np.argsort(key, kind="stable")
        _, first, group, count = np.unique(key[order], return_index=True, return_inverse=True, return_counts=True)
        turn = (np.arange(len(key)) - first[group]) % 2
        frequencies = np.zeros((2, len(first), num_actions))
        np.add.at(frequencies, (turn, group, action[order]), 1)
        frequencies[1, count == 1] = frequencies[0, count == 1]
        frequencies /= frequencies.sum(-1, keepdims=True)
        return cls(episode[order][first], state[order][first], count, frequencies)


def distances(visits: Visits, num_episodes: int, rank: int, largest: bool) -> Float[np.ndarray, "episodes episodes"]:
    """Estimated squared distance of the policies of any two episodes; 0 where they share no state.

    In each state the frequencies are projected onto the `rank` leading eigenvectors of their second moment, the
    subspace that `rank` policies span (Algorithm 1); then come products of differences (Algorithm 2).

    Args:
        visits: What was done where.
        num_episodes: Number of episodes.
        rank: Dimension of the subspace, K.
        largest: The largest distance over shared states, as published; otherwise their mean, weighted by visits.
    """
    found, weight = np.zeros((2, num_episodes, num_episodes))
    order = np.argsort(visits.state, kind="stable")
    for here in np.split(order, np.flatnonzero(np.diff(visits.state[order])) + 1):
        first, second = visits.frequencies[:, here]
        moment = first.T @ second
        subspace = np.linalg.eigh(moment + moment.T)[1][:, -rank:]
        products = (first @ subspace) @ (second @ subspace).T
        norms = np.diag(products)
        squared = norms[:, None] + norms - products - products.T
        pairs = np.ix_(visits.episode[here], visits.episode[here])
        if largest:
            found[pairs] = np.maximum(found[pairs], squared)
        else:
            shared = np.minimum(visits.count[here][:, None], visits.count[here])
            found[pairs] += shared * squared
            weight[pairs] += shared
    return found if largest else found / np.maximum(weight, 1)


def spectral_labels(
    apart: Float[np.ndarray, "episodes episodes"], num_clusters: int, random_state: int
) -> Int[np.ndarray, "episodes"]:
    """Spectral clustering of the graph that joins episodes whose distance is below a threshold.

    The threshold is the one among the deciles of the distances that leaves the widest gap between the K-th and the next
    eigenvalue of the normalised adjacency: K parts, well apart.
    """
    from sklearn.cluster import KMeans  # loaded here: it takes a second, and planning has no use for it

    count = len(apart)
    if num_clusters == 1 or num_clusters >= count:
        return np.arange(count) % num_clusters
    others = apart[~np.eye(count, dtype=bool)]
    best, embedding = -1.0, np.zeros((count, num_clusters))
    for threshold in np.unique(np.quantile(others, QUANTILES)):
        alike = np.where(apart <= threshold, 1.0, FAINT)
        np.fill_diagonal(alike, 1.0)
        scale = alike.sum(1) ** -0.5
        values, vectors = scipy.linalg.eigh(
            scale[:, None] * alike * scale, subset_by_index=[count - num_clusters - 1, count - 1]
        )
        if values[1] - values[0] > best:
            best, embedding = values[1] - values[0], vectors[:, 1:] * scale[:, None]
    labels: np.ndarray = KMeans(num_clusters, n_init=10, random_state=random_state).fit_predict(embedding)
    return labels.astype(np.int64)

"""Episodes as bags of state-action pairs, and policies as tables of them, for few observations and discrete actions.

Under a policy that is a table, nothing of an episode matters but how often it takes each action in each state: a row of
a sparse matrix. The likeliest policy of a cluster with counts ``n_z`` is ``beta_z(a | s) = (n_z(s, a) + c) / sum_a'
(n_z(s, a') + c)`` with a smoothing c, and the log-likelihood of all episodes is one product of the matrix with the
logarithms.

Only actions that some episode takes in a state count as possible there. So a state in which everyone does the same has
probability 1 under all policies and tells nothing: its pairs are left out, which is half of them in gridworlds. In a
state that a cluster has never seen, its policy is uniform.
"""

from __future__ import annotations

from copy import copy

import numpy as np
import scipy.sparse as sp
from jaxtyping import Bool, Float, Int

from stages.datasets.episodes import EpisodeDataset


class StateActionCounts:
    """How often each episode takes each action in each state, for the states in which several actions occur.

    Args:
        dataset: Episodes with discrete actions.
        smoothing: Imaginary steps for every action, c.
        floor: Log-probabilities below it count as this; None: none.

    Attributes:
        visits: How often each distinct observation occurs.
        num_pairs: How many state-action pairs occur at all.
        matrix: Counts ``[episodes, pairs]`` (sparse rows, float64); the pairs of a state lie side by side.
        first: First pair of each state.
        state: State of each pair.
    """

    def __init__(self, dataset: EpisodeDataset, smoothing: float, floor: float | None = None) -> None:
        self.dataset, self.floor = dataset, floor
        self.smoothing: float | Float[np.ndarray, "pairs"] = smoothing
        self.num_actions = dataset.num_actions or 0
        self.observations, state_of_step = distinct(dataset.observations)
        self.visits = np.bincount(state_of_step)
        pairs, pair_of_step = np.unique(state_of_step * self.num_actions + dataset.actions, return_inverse=True)
        states, self.num_pairs = pairs // self.num_actions, len(pairs)
        self.pairs = pairs[np.bincount(states)[states] > 1]
        _, self.first, self.state = np.unique(self.pairs // self.num_actions, return_index=True, return_inverse=True)
        column = np.searchsorted(self.pairs, pairs)
        occurs = np.isin(pairs, self.pairs)
        self.matrix = self._matrix(dataset, column[pair_of_step], occurs[pair_of_step])

    def smoothed_by(self, smoothing: float | Float[np.ndarray, "pairs"]) -> StateActionCounts:
        """The same counts with another smoothing, of all pairs alike or of each."""
        other = copy(self)
        other.smoothing = smoothing
        return other

    def of(self, dataset: EpisodeDataset) -> sp.csr_matrix:
        """Counts of another dataset's episodes; states and actions not seen before count for nothing."""
        stacked = np.concatenate([self.observations, dataset.observations])
        _, state = distinct(stacked)
        number = np.full(state.max() + 1, -1)
        number[state[: len(self.observations)]] = np.arange(len(self.observations))
        state_number = number[state[len(self.observations) :]]
        pair = state_number * self.num_actions + dataset.actions
        occurs = np.isin(pair, self.pairs) & (state_number >= 0)
        return self._matrix(dataset, np.searchsorted(self.pairs, pair), occurs)

    def by_cluster(
        self, labels: Int[np.ndarray, "episodes"], num_clusters: int, weights: Float[np.ndarray, "episodes"]
    ) -> Float[np.ndarray, "clusters pairs"]:
        """Counts of each cluster's episodes, weighted."""
        members = sp.csr_matrix((weights, (labels, np.arange(len(labels)))), shape=(num_clusters, len(labels)))
        counts: np.ndarray = (members @ self.matrix).toarray()
        return counts

    def log_probs(self, counts: Float[np.ndarray, "clusters pairs"]) -> Float[np.ndarray, "clusters pairs"]:
        """Logarithms of the policies fitted to counts."""
        smoothed = counts + self.smoothing
        logs: np.ndarray = np.log(smoothed / self.per_state(smoothed)[:, self.state])
        return logs if self.floor is None else np.maximum(logs, self.floor)

    def likelihood(self, counts: Float[np.ndarray, "clusters pairs"]) -> Float[np.ndarray, "clusters"]:
        """Log-likelihood of each cluster under the policy fitted to it."""
        return (counts * self.log_probs(counts)).sum(1)

    def per_state(self, values: Float[np.ndarray, "clusters pairs"]) -> Float[np.ndarray, "clusters states"]:
        """Sums over the actions of each state."""
        return np.add.reduceat(values, self.first, axis=1) if len(self.first) else values[:, :0]

    def _matrix(
        self, dataset: EpisodeDataset, column: Int[np.ndarray, "steps"], counted: Bool[np.ndarray, "steps"]
    ) -> sp.csr_matrix:
        entries = (np.ones(counted.sum()), (dataset.episode_of_step[counted], column[counted]))
        return sp.csr_matrix(entries, shape=(dataset.num_episodes, len(self.pairs)))


def distinct(
    rows: Float[np.ndarray, "rows width"],
) -> tuple[Float[np.ndarray, "states width"], Int[np.ndarray, "rows"]]:
    """The distinct rows, and the number of each row among them (far faster than ``np.unique(rows, axis=0)``)."""
    number = np.zeros(len(rows), dtype=np.int64)
    first = np.zeros(1, dtype=np.int64)
    for column in rows.T:
        values, place = np.unique(column, return_inverse=True)
        if len(values) > 1:
            _, first, number = np.unique(number * len(values) + place, return_index=True, return_inverse=True)
    return rows[first], number

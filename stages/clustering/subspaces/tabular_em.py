"""EM for a mixture of tabular policies, from clusters of some of the episodes.

Every iteration raises the log-likelihood plus the log-density of a Dirichlet prior, under which a table's best entries
are counts with `smoothing` added, and the weights of the clusters are uniform.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse
from jaxtyping import Float, Int
from scipy.special import logsumexp, softmax

from stages.clustering.subspaces.codes import Codes

SETTLED = 1e-4  # largest change of a responsibility at which EM stops

Weights = Float[np.ndarray, "episodes clusters"]


class TabularEm:
    """K tables ``log beta_z(a | s)``.

    Args:
        codes: Numbers states and actions.
        num_clusters: K.
        smoothing: Added to every count.

    Attributes:
        weights: Responsibilities of the episodes fitted to.
        log_policies: The tables, ``[K, states * actions]``.
        scores: Log-likelihood plus log-prior per step, at each E-step.
        labels: Assignments at each E-step.
        settled: Whether responsibilities had stopped changing.
    """

    def __init__(self, codes: Codes, num_clusters: int, smoothing: float) -> None:
        self.codes, self.num_clusters, self.smoothing = codes, num_clusters, smoothing
        self.scores: list[float] = []
        self.labels: list[np.ndarray] = []
        self.settled = False

    def fit(
        self,
        counts: scipy.sparse.csr_array,
        chosen: Int[np.ndarray, "chosen"],
        start: Int[np.ndarray, "chosen"],
        most: int,
    ) -> TabularEm:
        """First tables from the `chosen` episodes' labels alone, then at most `most` iterations on all episodes."""
        self.weights = np.zeros((counts.shape[0], self.num_clusters))
        self.weights[chosen, start] = 1
        for _ in range(most + 1):
            self._m_step(counts, self.weights)
            before, self.weights = self.weights, self._e_step(counts)
            if len(self.scores) > 1 and np.abs(self.weights - before).max() < SETTLED:
                self.settled = True
                break
        return self

    def responsibilities(self, counts: scipy.sparse.csr_array) -> Weights:
        """Posterior of episodes with the given counts."""
        weights: np.ndarray = softmax(self._log_likelihoods(counts), axis=1)
        return weights

    def _m_step(self, counts: scipy.sparse.csr_array, weights: Weights) -> None:
        shape = self.num_clusters, self.codes.num_states, self.codes.num_actions
        tables = (counts.T @ weights).T.reshape(shape) + self.smoothing
        self.log_policies = np.log(tables / tables.sum(-1, keepdims=True)).reshape(self.num_clusters, -1)

    def _e_step(self, counts: scipy.sparse.csr_array) -> Weights:
        scores = self._log_likelihoods(counts)
        mixture = logsumexp(scores, axis=1).sum() - len(scores) * np.log(self.num_clusters)
        self.scores.append(float((mixture + self.smoothing * self.log_policies.sum()) / counts.sum()))
        self.labels.append(scores.argmax(1).astype(np.int16))
        weights: np.ndarray = softmax(scores, axis=1)
        return weights

    def _log_likelihoods(self, counts: scipy.sparse.csr_array) -> Weights:
        scores: np.ndarray = counts @ self.log_policies.T
        return scores

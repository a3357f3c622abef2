"""Agreement of two labellings of the same episodes: NMI, ARI, Rand index, matched accuracy.

All are 1 for equal partitions whatever the labels are called. NMI is normalised by the arithmetic mean of the two
entropies; ARI is the Rand index corrected for chance, about 0 for independent labels. Matched accuracy pairs clusters
with policies so that most episodes agree (the Hungarian method) and counts those that do.

Source: scikit-learn (the Rand index as in EMPO, Tables 3 and 5).
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
from jaxtyping import Int
from scipy.optimize import linear_sum_assignment
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score, rand_score
from sklearn.metrics.cluster import contingency_matrix

Labels = Int[np.ndarray, "episodes"]


def clustering_scores(behaviour_policy: Labels, labels: Labels) -> dict[str, float]:
    """``rand``, ``ari``, ``nmi`` and ``accuracy`` of predicted `labels` against the true `behaviour_policy`."""
    return {
        "rand": float(rand_score(behaviour_policy, labels)),
        "ari": float(adjusted_rand_score(behaviour_policy, labels)),
        "nmi": float(normalized_mutual_info_score(behaviour_policy, labels)),
        "accuracy": matched_accuracy(behaviour_policy, labels),
    }


def matched_accuracy(behaviour_policy: Labels, labels: Labels) -> float:
    """Share of episodes that agree under the best one-to-one pairing of clusters with policies."""
    counts = contingency_matrix(behaviour_policy, labels)
    return float(counts[linear_sum_assignment(counts, maximize=True)].sum() / counts.sum())


def match_clusters(reference: Labels, labels: Labels, num_clusters: int) -> Int[np.ndarray, "clusters"]:
    """Which label of `reference` each cluster stands for under the best pairing.

    Args:
        reference: Labels to be matched, values in ``0 .. num_clusters - 1`` or beyond.
        labels: Predicted labels.
        num_clusters: Number of clusters, empty ones included.

    Returns:
        For each cluster its partner; clusters without one get the numbers that follow the last label of `reference`.
    """
    size = max(num_clusters, int(reference.max()) + 1)
    counts = np.zeros((size, size))
    np.add.at(counts, (labels, reference), 1)
    _, partner = linear_sum_assignment(counts, maximize=True)
    return np.asarray(partner[:num_clusters])


def agreement_between_runs(labels: Int[np.ndarray, "runs episodes"]) -> float:
    """Mean ARI over all pairs of runs, the score to look at where true labels are unknown; NaN for a single run."""
    pairs = [adjusted_rand_score(a, b) for a, b in combinations(labels, 2)]
    return float(np.mean(pairs)) if pairs else float("nan")

"""The scores of `stages.diagnosis.clustering_scores` from counts, a thousand times faster for many episodes.

A page compares every seed of every clustering with the truth and with every other seed. Counting how often each pair of
labels occurs takes one pass over the episodes; every score follows from those few counts.

Source: scikit-learn's definitions, see `stages.diagnosis.clustering_scores`.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
from jaxtyping import Int
from scipy.optimize import linear_sum_assignment
from scipy.stats import entropy

Labels = Int[np.ndarray, "episodes"]
Counts = Int[np.ndarray, "first second"]


def counted(first: Labels, second: Labels) -> Counts:
    """How many episodes have each pair of labels; labels are 0 or more."""
    shape = int(first.max()) + 1, int(second.max()) + 1
    pairs = first.astype(np.int64) * shape[1] + second
    return np.bincount(pairs, minlength=shape[0] * shape[1]).reshape(shape)


def scores_of(counts: Counts) -> dict[str, float]:
    """``rand``, ``ari``, ``nmi`` and ``accuracy`` of two labellings."""
    episodes = int(counts.sum())
    both, first, second = (_pairs(table) for table in (counts, counts.sum(axis=1), counts.sum(axis=0)))
    every = max(episodes * (episodes - 1) / 2, 1.0)
    expected, most = first * second / every, (first + second) / 2
    return {
        "rand": (every - first - second + 2 * both) / every,
        "ari": (both - expected) / (most - expected) if most > expected else 1.0,
        "nmi": _nmi(counts),
        "accuracy": float(counts[linear_sum_assignment(counts, maximize=True)].sum() / episodes),
    }


def agreement(labels: Int[np.ndarray, "runs episodes"]) -> float:
    """Mean ARI over all pairs of runs; NaN for a single run."""
    pairs = [scores_of(counted(a, b))["ari"] for a, b in combinations(labels, 2)]
    return float(np.mean(pairs)) if pairs else float("nan")


def _pairs(counts: Int[np.ndarray, "*any"]) -> float:
    """Pairs of episodes with equal labels."""
    return float((counts.astype(np.float64) * (counts - 1)).sum() / 2)


def _nmi(counts: Counts) -> float:
    rows, columns = float(entropy(counts.sum(axis=1))), float(entropy(counts.sum(axis=0)))
    shared = rows + columns - float(entropy(counts.ravel()))
    return max(0.0, min(1.0, 2 * shared / (rows + columns))) if rows + columns else 1.0

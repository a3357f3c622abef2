"""How far levels lie from each other in an embedding: optimal transport between the sets of their episodes.

Source: Ge et al. (VTE), the study of distances between and within levels; squared Euclidean costs, equal weights.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

LEAST = 2  # episodes of a set


def separation(
    embedding: Float[np.ndarray, "episodes width"], levels: Int[np.ndarray, "episodes"], random: np.random.Generator
) -> float:
    """1 - W / B: W the mean cost between two halves of a level, B that between halves of different levels.

    1 where each level is a point, about 0 where levels lie in each other. All halves are of one size, since a matching
    of few is dearer. NaN where there are fewer than two levels, or too few episodes of one, or all episodes are alike.
    """
    names, counts = np.unique(levels, return_counts=True)
    size = int(counts.min()) // 2
    if len(names) < 2 or size < LEAST:
        return float("nan")
    drawn = [embedding[random.permutation(np.flatnonzero(levels == name))[: 2 * size]] for name in names]
    halves = [(part[:size], part[size:]) for part in drawn]
    within = np.mean([transport(*pair) for pair in halves])
    between = np.mean([transport(half[0], other[1]) for half in halves for other in halves if half is not other])
    return float(1 - within / between) if between > 0 else float("nan")


def transport(first: Float[np.ndarray, "size width"], second: Float[np.ndarray, "size width"]) -> float:
    """Mean squared distance of the best matching of two sets of one size, their optimal transport."""
    from scipy.optimize import linear_sum_assignment  # loaded here: planning has no use for it

    costs = ((first[:, None] - second[None]) ** 2).sum(-1)
    return float(costs[linear_sum_assignment(costs)].mean())

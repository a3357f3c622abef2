"""What a user ends up with who tries policies online: the score of the policy held best, by the evaluations made.

    pull      argmax_i  mean_i + sqrt(alpha log t / n_i)      (UCB; untried policies first, in random order)
    held best argmax_i  mean_i

Source: Jackson, Berdica, Liesen, Whiteson, Foerster: A Clean Slate for Offline Reinforcement Learning, NeurIPS 2025
        (alpha 2); Auer, Cesa-Bianchi, Fischer: Finite-time Analysis of the Multiarmed Bandit Problem, 2002.

Deviations: an evaluation is drawn from the rollouts that were made of the policy, with replacement. Scores are scaled
to [0, 1] by the lowest and the highest of all rollouts, so that the bonus means the same for every task.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

ALPHA = 2.0


def best_found(
    scores: Float[np.ndarray, "policies rollouts"], pulls: int, random: np.random.Generator, repeats: int = 1000
) -> Float[np.ndarray, "pulls"]:
    """Mean score of the policy that is held best after 1, 2, ... evaluations, averaged over repeated searches.

    Args:
        scores: Of every rollout of every policy to choose among.
        pulls: Evaluations to follow it for.
        random: Source of order and draws.
        repeats: Searches to average over.
    """
    low, high = scores.min(), scores.max()
    scaled, true = (scores - low) / max(high - low, 1e-12), scores.mean(axis=1)
    every = np.arange(repeats)
    counts, sums = np.zeros((repeats, len(scores))), np.zeros((repeats, len(scores)))
    held = np.empty(pulls)
    for pull in range(pulls):
        tried = counts > 0
        divisor = np.maximum(counts, 1)
        hopes = sums / divisor + np.sqrt(ALPHA * np.log(pull + 1) / divisor)
        # Untried policies come before all others; their order is drawn.
        chosen = np.where(tried, hopes, 1e9 + random.random(counts.shape)).argmax(axis=1)
        drawn = scaled[chosen, random.integers(0, scores.shape[1], repeats)]
        counts[every, chosen] += 1
        sums[every, chosen] += drawn
        means = np.where(counts > 0, sums / np.maximum(counts, 1), -np.inf)
        held[pull] = true[means.argmax(axis=1)].mean()
    return held

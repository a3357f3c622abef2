"""How well the best clustering can score when the policies themselves are known.

An oracle gives each episode to the policy under which it is likeliest. Where several policies explain an episode
equally well, as deterministic ones do if they agree in all its states, no method that looks at policies alone can tell
them apart: the tie is drawn by lot (`nmi`, `ari`), or always broken by one order of the policies, the best of all
(`nmi_best_ties`, `ari_best_ties`). A clustering between the two scores as high as anything can but for luck with ties.

    L[episode, policy] = sum_t log policy(a_t | s_t),    label = argmax_policy L

Source: the project's own; the scores are those of `stages.diagnosis.clustering_scores`.
"""

from __future__ import annotations

from itertools import islice, permutations

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.special import softmax

from stages.datasets.episodes import EpisodeDataset

CERTAIN = 0.95
MAX_ORDERS = 5040  # all orders of 7 policies


def oracle_labels(
    log_likelihood: Float[np.ndarray, "episodes policies"], generator: np.random.Generator
) -> Int[np.ndarray, "episodes"]:
    """The likeliest policy of each episode, ties drawn by lot; an episode that no policy explains ties all of them."""
    lots = np.where(_tied(log_likelihood), generator.random(log_likelihood.shape), -1.0)
    labels: np.ndarray = lots.argmax(axis=1)
    return labels


def ambiguous(log_likelihood: Float[np.ndarray, "episodes policies"]) -> Bool[np.ndarray, "episodes"]:
    """Whether the likeliest policy is less than 95 % certain, all being equally frequent; so is any that ties."""
    unsure: np.ndarray = softmax(_explained(log_likelihood), axis=1).max(axis=1) < CERTAIN
    return unsure


def oracle_ceiling(
    dataset: EpisodeDataset, log_likelihood: Float[np.ndarray, "episodes policies"], generator: np.random.Generator
) -> dict[str, float]:
    """Scores of the oracle against the true policies, and the share of `ambiguous` episodes.

    Args:
        dataset: Episodes whose true policies are known.
        log_likelihood: Log-likelihood of each episode's actions under each known policy; minus infinity is allowed.
        generator: Draws ties.

    Returns:
        ``nmi`` and ``ari`` with ties drawn by lot, ``nmi_best_ties`` and ``ari_best_ties`` with the order of the
        policies that gives the highest NMI, ``ambiguous``. At most 5,040 orders are tried.

    Raises:
        ValueError: The true policies are not known.
    """
    # Loaded here: it takes a second, and planning has no use for it.
    from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

    if dataset.behaviour_policy is None:
        raise ValueError("the ceiling needs the true policy of every episode")
    truth, drawn = dataset.behaviour_policy, oracle_labels(log_likelihood, generator)
    ordered = _best_order(truth, _tied(log_likelihood))
    return {
        "nmi": float(normalized_mutual_info_score(truth, drawn)),
        "ari": float(adjusted_rand_score(truth, drawn)),
        "nmi_best_ties": float(normalized_mutual_info_score(truth, ordered)),
        "ari_best_ties": float(adjusted_rand_score(truth, ordered)),
        "ambiguous": float(ambiguous(log_likelihood).mean()),
    }


def _explained(log_likelihood: Float[np.ndarray, "episodes policies"]) -> Float[np.ndarray, "episodes policies"]:
    """The log-likelihoods less the best of each episode; all 0 where no policy explains an episode."""
    best = log_likelihood.max(axis=1, keepdims=True)
    possible = np.isfinite(best)
    return np.where(possible, log_likelihood - np.where(possible, best, 0.0), 0.0)


def _tied(log_likelihood: Float[np.ndarray, "episodes policies"]) -> Bool[np.ndarray, "episodes policies"]:
    """Which policies are the likeliest."""
    tied: np.ndarray = _explained(log_likelihood) == 0
    return tied


def _best_order(
    truth: Int[np.ndarray, "episodes"], tied: Bool[np.ndarray, "episodes policies"]
) -> Int[np.ndarray, "episodes"]:
    """Labels by the order of the policies, the first that ties being chosen, whose NMI is highest."""
    # Episodes of equal truth and equal ties are counted once: there are few kinds, and up to thousands of orders.
    kinds, kind, counts = np.unique(
        np.column_stack([truth, tied]).astype(np.int64), axis=0, return_inverse=True, return_counts=True
    )
    orders = np.array(list(islice(permutations(range(tied.shape[1])), MAX_ORDERS)))
    labels = np.stack([order[kinds[:, 1:][:, order].argmax(axis=1)] for order in orders])
    scores = [_nmi(kinds[:, 0], chosen, counts, tied.shape[1]) for chosen in labels]
    best: np.ndarray = labels[int(np.argmax(scores))][kind.reshape(-1)]
    return best


def _nmi(
    truth: Int[np.ndarray, "kinds"], labels: Int[np.ndarray, "kinds"], counts: Int[np.ndarray, "kinds"], policies: int
) -> float:
    """Normalised mutual information of weighted pairs of labels."""
    joint = np.zeros((policies, policies))
    np.add.at(joint, (truth, labels), counts / counts.sum())
    rows, columns, both = (_entropy(p) for p in (joint.sum(axis=1), joint.sum(axis=0), joint.ravel()))
    return 2 * (rows + columns - both) / (rows + columns) if rows + columns else 1.0


def _entropy(probabilities: Float[np.ndarray, "outcomes"]) -> float:
    kept = probabilities[probabilities > 0]
    return float(-(kept * np.log(kept)).sum())

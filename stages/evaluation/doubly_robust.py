"""Weighted doubly robust estimates: fitted values corrected by recorded steps, as far as the policy might take them.

    WDR    = mean_i V(s_0^i) + sum_i sum_t gamma^t w_t^i [r_t^i + gamma V(s_t+1^i) - Q(s_t^i, a_t^i)]
    w_t^i  = rho_t^i / sum_j rho_t^j,  rho_t^i = prod_{u <= t} pi(a_u^i | s_u^i) / b(a_u^i | s_u^i)

Source:    Thomas, Brunskill: Data-Efficient Off-Policy Policy Evaluation for Reinforcement Learning, ICML 2016, Eq. 10,
           with its terms in another order.

Deviations: episodes differ in length: one that has ended keeps its rho in the sums of those that go on. After a
            termination nothing follows; where an episode was cut off, V of what came next stands for the rest.

Symbols: discount = gamma.

Right however wrong Q and V are where b and pi are known and episodes enough, and right however wrong the ratios are
where Q and V are. The ratios of a long episode are a product of many: the effective number of episodes,
``(sum_i rho^i)^2 / sum_i (rho^i)^2`` at their ends, says of how many the correction really is made.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from stages.datasets.episodes import EpisodeDataset


class DoublyRobust(NamedTuple):
    """The estimate of each seed, and the effective number of episodes behind its correction."""

    values: Float[np.ndarray, "seeds"]
    effective_episodes: Float[np.ndarray, "seeds"]


def doubly_robust(
    dataset: EpisodeDataset,
    log_ratios: Float[np.ndarray, "seeds steps"],
    values_of_steps: Float[np.ndarray, "seeds steps"],
    values_after: Float[np.ndarray, "seeds steps"],
    values_of_starts: Float[np.ndarray, "seeds episodes"],
    discount: float,
) -> DoublyRobust:
    """Estimates of the discounted value over the data's starts.

    Args:
        dataset: What was recorded.
        log_ratios: ``log pi(a | s) - log b(a | s)`` of every step.
        values_of_steps: Q of every step.
        values_after: V of every step's next observation; that of terminal steps does not count.
        values_of_starts: V of the first observation of each episode.
        discount: Discount factor.
    """
    errors = dataset.rewards + discount * ~dataset.terminations * values_after - values_of_steps
    longest = int(dataset.episode_lengths.max())
    times = np.arange(dataset.num_steps) - dataset.episode_starts[dataset.episode_of_step]
    # The row that each episode is at, or was last at, by time: later than its end it stays there.
    row = dataset.episode_starts[:, None] + np.minimum(np.arange(longest), dataset.episode_lengths[:, None] - 1)
    estimates, effective = [], []
    for of_seed, error, starts in zip(log_ratios, errors, values_of_starts, strict=True):
        weights = _weights(dataset, of_seed, row)
        taken = weights[dataset.episode_of_step, times]
        estimates.append(starts.mean() + np.sum(discount**times * taken * error))
        effective.append(1 / np.square(weights[:, -1]).sum())
    return DoublyRobust(np.array(estimates), np.array(effective))


def _weights(
    dataset: EpisodeDataset, log_ratios: Float[np.ndarray, "steps"], row: np.ndarray
) -> Float[np.ndarray, "episodes times"]:
    """The weights w by time; from logarithms, as products of a thousand ratios leave the range of numbers."""
    summed = np.cumsum(log_ratios, dtype=np.float64)
    before = summed[dataset.episode_starts] - log_ratios[dataset.episode_starts]
    log_rho = summed[row] - before[:, None]
    rho = np.exp(log_rho - log_rho.max(axis=0))
    return np.asarray(rho / rho.sum(axis=0))

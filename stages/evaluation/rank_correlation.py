"""Spearman's rank correlation between what was estimated of agents and what they were seen to earn."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from scipy.stats import rankdata

from stages.evaluation.statistics import Interval

FEWEST_AGENTS = 3  # of which resampling says anything


def rank_correlation(
    estimates: Sequence[Float[np.ndarray, "_"]],
    returns: Sequence[Float[np.ndarray, "_"]],
    generator: np.random.Generator,
    resamples: int = 10_000,
    confidence: float = 0.95,
) -> Interval:
    """Of all seeds of all agents, with a bootstrap interval.

    Agents are resampled and, within each, its seeds: seeds of one agent are alike, so that they alone would make the
    interval too short. NaN where all estimates or all returns are equal; no ends for fewer than three agents.

    Args:
        estimates: A number for each seed, of each agent.
        returns: The same of what was seen, in the same order.
        generator: Source of the resampling.
        resamples: Number of bootstrap samples.
        confidence: Coverage, between 0 and 1.
    """
    value = _spearman(np.concatenate(estimates)[None], np.concatenate(returns)[None])[0]
    if len(estimates) < FEWEST_AGENTS or np.isnan(value):
        return Interval(float(value), np.nan, np.nan)
    offsets = np.cumsum([0, *map(len, estimates)])
    drawn = np.concatenate([_points(offsets, generator, resamples) for _ in estimates], axis=1)
    found = _spearman(np.concatenate(estimates)[drawn], np.concatenate(returns)[drawn])
    tail = (1 - confidence) / 2
    # Samples of one agent whose seeds all did the same have no ranks; there are few of them.
    low, high = np.nanquantile(found, [tail, 1 - tail])
    return Interval(float(value), float(low), float(high))


def _points(offsets: np.ndarray, generator: np.random.Generator, resamples: int) -> np.ndarray:
    """For each sample, the places of as many seeds as agents have at most, of one agent drawn among all."""
    counts = np.diff(offsets)
    agent = generator.integers(0, len(counts), (resamples, 1))
    seed = (generator.random((resamples, int(counts.max()))) * counts[agent]).astype(np.int64)
    return np.asarray(offsets[agent] + seed)


def _spearman(
    first: Float[np.ndarray, "samples points"], second: Float[np.ndarray, "samples points"]
) -> Float[np.ndarray, "samples"]:
    """Correlation of ranks, equal values sharing the mean of theirs."""
    ranks = [rankdata(values, axis=1) for values in (first, second)]
    left, right = (values - values.mean(axis=1, keepdims=True) for values in ranks)
    with np.errstate(invalid="ignore"):
        return np.asarray((left * right).sum(1) / np.sqrt((left**2).sum(1) * (right**2).sum(1)))

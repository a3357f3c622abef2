"""Scores over several runs: interquartile mean, stratified bootstrap intervals, probability of improvement.

Source: Agarwal, Schwarzer, Castro, Courville, Bellemare: Deep Reinforcement Learning at the Edge of the Statistical
Precipice, NeurIPS 2021. Their package resamples with the global generator; here every interval is repeatable.
Shapes: scores are ``[runs, tasks]``, one number per run (a seed's mean return) and task (a dataset).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.stats import mannwhitneyu, trim_mean
from scipy.stats import t as student

Scores = Float[np.ndarray, "runs tasks"]
Statistic = Callable[[Float[np.ndarray, "resamples values"]], Float[np.ndarray, "resamples"]]


@dataclass(frozen=True)
class Interval:
    """A point estimate with the ends of its interval, NaN where there is none."""

    value: float
    low: float
    high: float


def interquartile_mean(values: Float[np.ndarray, "*batch values"]) -> Float[np.ndarray, "*batch"]:
    """Mean without the lowest and highest quarter of the last axis; floor(n / 4) values are left out at each end."""
    return np.asarray(trim_mean(values, 0.25, axis=-1))


def mean(values: Float[np.ndarray, "*batch values"]) -> Float[np.ndarray, "*batch"]:
    """Plain mean over the last axis."""
    return np.asarray(values.mean(axis=-1))


def stratified_resamples(
    scores: Scores, resamples: int, generator: np.random.Generator
) -> Float[np.ndarray, "resamples runs tasks"]:
    """Runs drawn with replacement within each task, independently of the other tasks."""
    runs, tasks = scores.shape
    drawn = generator.integers(0, runs, (resamples, runs, tasks))
    return np.asarray(scores[drawn, np.arange(tasks)])


def bootstrap_interval(
    scores: Scores,
    generator: np.random.Generator,
    statistic: Statistic = interquartile_mean,
    resamples: int = 10_000,
    confidence: float = 0.95,
) -> Interval:
    """Percentile interval of `statistic` over all runs and tasks.

    Args:
        scores: One number per run and task.
        generator: Source of the resampling.
        statistic: Maps ``[resamples, runs * tasks]`` to ``[resamples]``.
        resamples: Number of bootstrap samples.
        confidence: Coverage, between 0 and 1.
    """
    drawn = stratified_resamples(scores, resamples, generator).reshape(resamples, -1)
    tail = (1 - confidence) / 2
    low, high = np.quantile(statistic(drawn), [tail, 1 - tail])
    return Interval(float(statistic(scores.reshape(1, -1))[0]), float(low), float(high))


def t_interval(
    values: Float[np.ndarray, "runs"], statistic: Statistic = interquartile_mean, confidence: float = 0.95
) -> Interval:
    """Student's t interval about `statistic`, for few runs; without ends for fewer than three, where it says nothing.

    Its width is that of an interval about the mean. Share of 20,000 samples whose 95 % interval about the interquartile
    mean covers the true one, t and (1,500 samples) `bootstrap_interval`, measured:

        runs                    3           4           5           6           8           10
        normal              .95  .74    .94  .88    .95  .90    .95  .90    .94  .95    .94  .94
        Student's t, 3 df   .96  .74    .96  .89    .96  .91    .96  .90    .96  .95    .97  .94
        exponential         .89  .72    .91  .88    .91  .90    .91  .89    .93  .92    .93  .93

    Args:
        values: One number per run.
        statistic: Maps ``[1, runs]`` to ``[1]``.
        confidence: Coverage, between 0 and 1.
    """
    runs, value = len(values), float(statistic(values[None])[0])
    if runs < 3:
        return Interval(value, np.nan, np.nan)
    half = float(student.ppf((1 + confidence) / 2, runs - 1) * values.std(ddof=1) / np.sqrt(runs))
    return Interval(value, value - half, value + half)


def paired_difference(
    ours: Float[np.ndarray, "runs"], theirs: Float[np.ndarray, "runs"], confidence: float = 0.95
) -> Interval:
    """Mean difference of runs that belong together (the same seed, say), with Student's t interval; see `t_interval`.

    Args:
        ours: One number per run.
        theirs: That of the same run of what it is compared with.
        confidence: Coverage, between 0 and 1.
    """
    return t_interval(ours - theirs, mean, confidence)


def probability_of_improvement(ours: Scores, theirs: Float[np.ndarray, "others tasks"]) -> float:
    """Chance that a random run of `ours` beats one of `theirs` on a task, ties counting half; mean over tasks."""
    pairs = ours.shape[0] * theirs.shape[0]
    wins = [mannwhitneyu(ours[:, t], theirs[:, t]).statistic / pairs for t in range(ours.shape[1])]
    return float(np.mean(wins))

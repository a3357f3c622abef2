"""Typed metrics: rounded when they are made, turned into plain values where they are written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, TypeVar

import numpy as np
from jaxtyping import Float

from stages.evaluation.statistics import Interval, Statistic, bootstrap_interval, interquartile_mean, t_interval
from stages.seeding import generator

DIGITS = 4
ENOUGH_SEEDS = 8  # for a bootstrap interval to cover nearly what it says, see `t_interval`
Value = TypeVar("Value")


@dataclass(frozen=True)
class Aggregate:
    """A number over seeds: interquartile mean with the ends of its 95 % interval, mean and standard deviation.

    There are no ends (NaN) for fewer than three seeds.
    """

    iqm: float
    low: float
    high: float
    mean: float
    std: float

    @classmethod
    def of(cls, per_seed: Float[np.ndarray, "seeds"], resamples: int) -> Aggregate:
        """Of one number per seed."""
        interval = seeds_interval(per_seed, resamples)
        return cls(interval.value, interval.low, interval.high, float(per_seed.mean()), float(per_seed.std()))

    @property
    def text(self) -> str:
        """The interquartile mean with its interval."""
        return text_of(Interval(self.iqm, self.low, self.high))


def text_of(interval: Interval, digits: int = 1) -> str:
    """``-365.1 [-367.0, -363.2]``, with so many digits after the point; the number alone where there is no interval."""
    ends = "" if np.isnan(interval.low) else f" [{interval.low:.{digits}f}, {interval.high:.{digits}f}]"
    return f"{interval.value:.{digits}f}{ends}"


def seeds_interval(
    per_seed: Float[np.ndarray, "seeds"], resamples: int, statistic: Statistic = interquartile_mean
) -> Interval:
    """A statistic over seeds with its 95 % interval: a t interval of few, else by resampling that is equal for all."""
    if len(per_seed) < ENOUGH_SEEDS:
        return t_interval(per_seed, statistic)
    return bootstrap_interval(per_seed[:, None], generator(0, "bootstrap"), statistic, resamples)


def rounded(metrics: Value) -> Value:
    """The same with few digits, so that a difference in the last bit is no change."""
    if is_dataclass(metrics) and not isinstance(metrics, type):
        return replace(metrics, **{field.name: rounded(getattr(metrics, field.name)) for field in fields(metrics)})
    if isinstance(metrics, Mapping):
        return {key: rounded(value) for key, value in metrics.items()}  # type: ignore[return-value]
    return round(float(metrics), DIGITS) if isinstance(metrics, float | np.floating) else metrics  # type: ignore


def plain(metrics: Any) -> Any:
    """As JSON has it: by field, or by the field's ``key``; None is left out, NaN becomes null."""
    if hasattr(metrics, "plain"):
        return metrics.plain()
    if is_dataclass(metrics):
        values = {field.metadata.get("key", field.name): getattr(metrics, field.name) for field in fields(metrics)}
        return {key: plain(value) for key, value in values.items() if value is not None}
    if isinstance(metrics, Mapping):
        return {key: plain(value) for key, value in metrics.items()}
    return None if isinstance(metrics, float) and np.isnan(metrics) else metrics

from dataclasses import dataclass, field

import numpy as np
import pytest

from stages.reporting.kit.metrics import Aggregate, plain, rounded, seeds_interval


@dataclass(frozen=True)
class Inner:
    value: float
    share: float | None = None


@dataclass(frozen=True)
class Outer:
    returns: Inner = field(metadata={"key": "return"})
    count: int
    safe: bool
    by_name: dict[str, Inner]


def test_metrics_are_rounded_and_written_by_key():
    metrics = rounded(Outer(Inner(np.float64(1.23456789)), 3, True, {"a": Inner(float("nan"), 0.5)}))
    assert metrics.returns == Inner(1.2346) and type(metrics.returns.value) is float
    assert plain(metrics) == {
        "return": {"value": 1.2346},
        "count": 3,
        "safe": True,
        "by_name": {"a": {"value": None, "share": 0.5}},
    }


def test_aggregate_over_seeds():
    aggregate = Aggregate.of(np.array([1.0, 2.0, 3.0, 10.0]), resamples=200)
    assert aggregate.iqm == 2.5 and aggregate.mean == 4 and aggregate.std == pytest.approx(np.std([1, 2, 3, 10]))
    assert aggregate.text == "2.5 [-4.0, 9.0]"


def test_intervals_of_few_seeds_are_wide_or_left_out():
    per_seed = np.arange(10.0)
    widths = [seeds_interval(per_seed[:seeds], 500).high - per_seed[:seeds].mean() for seeds in (2, 3, 7, 8)]
    assert np.isnan(widths[0]) and widths[1] == pytest.approx(4.302652729911275 / np.sqrt(3))
    assert widths[2] == pytest.approx(2.446911848791681 * per_seed[:7].std(ddof=1) / np.sqrt(7)) and widths[3] < 2.4
    assert Aggregate.of(per_seed[:2], 500).text == "0.5"
    assert plain(Aggregate.of(per_seed[:2], 500))["low"] is None

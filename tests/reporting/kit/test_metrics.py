from dataclasses import dataclass, field

import numpy as np
import pytest

from stages.reporting.kit.metrics import Aggregate, plain, rounded


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
    assert aggregate.iqm == 2.5 and aggregate.mean == 4 and aggregate.low <= 2.5 <= aggregate.high
    assert aggregate.std == pytest.approx(np.std([1, 2, 3, 10]))
    assert aggregate.text == f"2.5 [{aggregate.low:.1f}, {aggregate.high:.1f}]"

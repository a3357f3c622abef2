"""Slopes of measured costs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.growth import growth, learners
from benchmarks.growth_tables import Point, curve, draw, keep, load, slope, tables
from benchmarks.processes import Cost


@pytest.fixture
def found() -> dict[Point, Cost]:
    """Three seconds and 300 MB to start; then 1 s for 100,000 steps, 1 s for a cluster, nothing for a seed."""
    extra = {"start": 0.0, "steps": 1e-5, "clusters": 1.0, "seeds": 0.0, "memory": 1e-5}
    return {
        point: Cost(3e8 + 100 * point.steps, 3.0 + extra[point.varied] * getattr(point, point.varied, point.steps))
        for point in (*growth(), *learners())
    }


@pytest.mark.parametrize("power", [0.5, 1.0, 2.0])
def test_the_slope_is_the_exponent(power: float):
    sizes = np.array([1e5, 1e6, 2e6])
    assert slope(sizes, 1e-5 * sizes**power, 0.0) == f"{power:.2f}"


def test_what_hardly_grows_has_no_slope_and_what_was_not_measured_says_nothing():
    sizes = np.array([1.0, 5.0, 20.0])
    assert slope(sizes, np.array([2.0, 2.1, 2.2]), 0.5) == "flat"
    assert slope(sizes[:0], sizes[:0], 0.5) == ""


def test_costs_are_beyond_those_of_starting(found: dict[Point, Cost]):
    sizes, seconds, megabytes = curve(found, "em", "steps")
    assert sizes.tolist() == [1e4, 1e5, 1e6, 2e6]
    assert seconds == pytest.approx([0.1, 1, 10, 20]) and megabytes == pytest.approx((sizes - 1000) / 1e4)


def test_tables_and_curves(found: dict[Point, Cost], tmp_path: Path):
    text = tables(found)
    assert "| EM, one epoch | 1.0 | 20.0 | 1.00 | 1.00 | flat | 400 |" in text
    assert "| TD3+BC, 500 steps | 1.0 | 20.0 | 1.00 |  | flat | 400 |" in text and "| iql | 400 |" in text
    assert "EM, one epoch" not in tables({point: cost for point, cost in found.items() if point.name != "em"})
    draw(found, tmp_path / "curves.svg")
    assert (tmp_path / "curves.svg").read_text().count("evidence clustering") == 1


def test_numbers_are_kept(found: dict[Point, Cost], tmp_path: Path):
    keep(found, tmp_path / "growth.csv")
    assert load(tmp_path / "growth.csv").keys() == found.keys()
    assert load(tmp_path / "nowhere.csv") == {}

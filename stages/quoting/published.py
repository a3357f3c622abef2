"""The papers' numbers, from the files that the report's sections keep."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path
from typing import Any

import yaml

REPORTING = Path(__file__).parents[1] / "reporting"


@cache
def printed() -> dict[str, dict[str, Any]]:
    """By dataset: returns or scores of agents, rollouts, clusterings."""
    entries: dict[str, dict[str, Any]] = {}
    for path in sorted(REPORTING.rglob("published.yaml")):
        for dataset, entry in yaml.safe_load(path.read_text()).items():
            entries[dataset] = entries.get(dataset, {}) | entry
    return entries


@cache
def printed_safe() -> dict[tuple[str, str], tuple[float, float]]:
    """Normalised reward and cost, means over three limits, by DSRL's task and agent."""
    rows = [row for path in sorted(REPORTING.rglob("published*.csv")) for row in csv.DictReader(path.open())]
    return {(row["task"], row["agent"]): (float(row["reward"]), float(row["cost"])) for row in rows}

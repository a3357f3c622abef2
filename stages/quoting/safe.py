"""Safe agents on all tasks side by side, by DSRL's protocol: normalised reward / cost, means over the cost limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from stages.made_files import read_object, reading
from stages.quoting.markdown import NOTHING, fraction, grid
from stages.quoting.published import printed_safe

TASKS = {  # heading, and DSRL's name where it is one of its tasks
    "safe_navigation": ("safe navigation", ""),
    "swimmer-velocity": ("Swimmer", "SwimmerVelocity"),
    "halfcheetah-velocity": ("HalfCheetah", "HalfCheetahVelocity"),
    "walker2d-velocity": ("Walker2d", "Walker2dVelocity"),
    "hopper-velocity": ("Hopper", "HopperVelocity"),
    "ballrun": ("BallRun", "BallRun"),
    "carrun": ("CarRun", "CarRun"),
}
AGENTS = {
    "bc_all": "BC-All",
    "bc_safe": "BC-Safe",
    "bc_frontier": "BC-Frontier",
    "trac": "TraC",
    "trac_gaussian": "TraC, stochastic policy",
    "trac_segments": "TraC, labels per segment",
    "caps": "CAPS",
    "cdt": "CDT",
    "cpq": "CPQ, held to the data",
    "empo_budget": "EMPO under a budget",
}
PUBLISHED = {"trac": "published TraC, on DSRL's data", "bc_safe": "published BC-Safe, on DSRL's data"}


@dataclass(frozen=True)
class Row:
    """Attributes:
    dataset: Name in params.
    agent: Recipe in params.
    reward, cost: Normalised, means over limits, seeds and rollouts.
    keeps_limits: Whether the mean cost over seeds keeps each of the limits.
    """

    dataset: str
    agent: str
    reward: float
    cost: float
    keeps_limits: bool


def take(results: Path, subjects: Sequence[str]) -> list[Row]:
    """Rows of all safe agents of the tasks from a finished run's metrics."""
    metrics, rows = read_object(results / "metrics.json"), []
    with reading(results / "metrics.json"):
        for dataset in TASKS:
            for agent, by_limit in metrics.get(dataset, {}).get("safe", {}).items():
                overall = by_limit["mean"]
                reward, cost = (overall[key]["mean"] for key in ("normalised_return", "normalised_cost"))
                rows.append(Row(dataset, agent, reward, cost, overall["safe_limits"] == overall["limits"]))
    return rows


def table(rows: Sequence[Row], subject: str) -> str:
    """One line per agent, below them what papers print."""
    found = {(row.agent, row.dataset): pair(row.reward, row.cost, row.keeps_limits) for row in rows}
    shown = [dataset for dataset in TASKS if any(row.dataset == dataset for row in rows)]
    lines = [
        [name, *(found.get((agent, dataset), NOTHING) for dataset in shown)]
        for agent, name in AGENTS.items()
        if any(row.agent == agent for row in rows)
    ]
    for agent, name in PUBLISHED.items():
        theirs = [printed_safe().get((TASKS[dataset][1], agent)) for dataset in shown]
        if any(theirs):
            lines.append([name, *("" if their is None else pair(*their, their[1] <= 1) for their in theirs)])
    return grid(["", *(TASKS[dataset][0] for dataset in shown)], lines)


def pair(reward: float, cost: float | None, safe: bool) -> str:
    """``.55 / 3.21 ✗``; the reward alone where the cost was not noted."""
    text = fraction(reward, 2) + ("" if cost is None else f" / {fraction(cost, 2)}")
    return text if safe else f"{text} ✗"

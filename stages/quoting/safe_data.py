"""What is in the datasets of the velocity tasks: returns and costs of episodes, best returns under each limit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from stages.environments.dsrl import task_of
from stages.made_files import reading
from stages.quoting.markdown import grid

TASKS = {
    "swimmer-velocity": ("Swimmer", "SafetySwimmerVelocity-v1"),
    "halfcheetah-velocity": ("HalfCheetah", "SafetyHalfCheetahVelocity-v1"),
    "hopper-velocity": ("Hopper", "SafetyHopperVelocity-v1"),
    "walker2d-velocity": ("Walker2d", "SafetyWalker2dVelocity-v1"),
}
LIMITS = (20, 40, 80)


@dataclass(frozen=True)
class Row:
    """Attributes:
    dataset: Name in params.
    policies: How many recorded it.
    return_low, return_high: Of episodes.
    cost_low, cost_high: Of episodes.
    best_20, best_40, best_80: Largest return of an episode that costs at most so much.
    """

    dataset: str
    policies: int
    return_low: float
    return_high: float
    cost_low: float
    cost_high: float
    best_20: float
    best_40: float
    best_80: float


def take(results: Path, subjects: Sequence[str]) -> list[Row]:
    """Rows of the datasets beside a finished run's results."""
    return [*_rows(results.parent / "data" / "generated")]


def table(rows: Sequence[Row], subject: str) -> str:
    """One line per task, beside the largest return in DSRL's data."""
    limits = " / ".join(map(str, LIMITS))
    headings = [
        "task",
        "policies",
        "returns",
        "costs",
        f"best return at cost ≤ {limits}",
        "largest return in DSRL's data",
    ]
    lines = []
    for row in rows:
        name, environment = TASKS[row.dataset]
        best = f"{row.best_20:.0f} / {row.best_40:.0f} / {row.best_80:.0f}"
        theirs = task_of(environment)
        ends = [f"{row.return_low:.0f} to {row.return_high:.0f}", f"{row.cost_low:.0f} to {row.cost_high:.0f}"]
        lines.append([name, str(row.policies), *ends, best, f"{theirs.max_return:.0f}" if theirs else ""])
    return grid(headings, lines)


def _rows(folder: Path) -> Iterator[Row]:
    for dataset in TASKS:
        path = folder / f"{dataset}.hdf5"
        if path.exists():
            with reading(path), h5py.File(path) as file:
                ends = np.flatnonzero(file["terminals"][:] | file["timeouts"][:])
                starts = np.concatenate([[0], ends[:-1] + 1])
                returns, costs = (np.add.reduceat(file[key][:].astype(float), starts) for key in ("rewards", "costs"))
                policies = len(np.unique(file["behaviour_policy"][:]))
            ends_of = [float(end(values)) for values in (returns, costs) for end in (np.min, np.max)]
            yield Row(dataset, policies, *ends_of, *(float(returns[costs <= limit].max()) for limit in LIMITS))

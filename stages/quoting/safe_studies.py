"""One study of safe agents over its datasets: normalised reward / cost of each variant, means over the cost limits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from statistics import fmean

from stages.made_files import read_table, reading
from stages.quoting.markdown import NOTHING, grid
from stages.quoting.safe import TASKS, pair


@dataclass(frozen=True)
class Row:
    """Attributes:
    study: Name in params.
    dataset: Name in params.
    variant: What is set differently.
    reward, cost: Normalised, means over limits, seeds and rollouts; costs may not have been noted.
    keeps_limits: Whether the mean cost over seeds keeps each of the limits.
    """

    study: str
    dataset: str
    variant: str
    reward: float
    cost: float | None
    keeps_limits: bool


def take(results: Path, subjects: Sequence[str]) -> list[Row]:
    """Rows of the studies `subjects` from the tables of ``snakemake safe_studies``."""
    paths = {dataset: results / "safe_studies" / f"{dataset}.csv" for dataset in TASKS}
    return [
        row for dataset, path in paths.items() if path.exists() for row in _rows(dataset, path) if row.study in subjects
    ]


def table(rows: Sequence[Row], subject: str) -> str:
    """One line per variant of the study `subject`."""
    found = {(row.variant, row.dataset): row for row in rows if row.study == subject}
    shown = [dataset for dataset in TASKS if any(of == dataset for _, of in found)]
    lines = [
        [variant, *(_cell(found.get((variant, dataset))) for dataset in shown)]
        for variant in dict.fromkeys(variant for variant, _ in found)
    ]
    return grid([subject.replace("_", " "), *(TASKS[dataset][0] for dataset in shown)], lines)


def _rows(dataset: str, path: Path) -> Iterator[Row]:
    """The table has one row per study, variant and limit, in this order."""
    with reading(path):
        for (study, variant), group in groupby(read_table(path, ["study"]), lambda row: (row["study"], row["variant"])):
            limits = [*group]
            reward, cost = (fmean(float(row[column]) for row in limits) for column in ("reward_mean", "cost_mean"))
            yield Row(study, dataset, variant, reward, cost, all(row["safe"] == "1" for row in limits))


def _cell(row: Row | None) -> str:
    return NOTHING if row is None else pair(row.reward, row.cost, row.keeps_limits)

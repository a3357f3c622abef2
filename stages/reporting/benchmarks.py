"""Run times and memory of jobs, as Snakemake measured them."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Benchmark:
    """One job. What Snakemake could not measure, because the job was over too soon, is None.

    Attributes:
        stage: Stage of the job.
        names: Recipes it ran with.
        num_seeds: Seeds that it worked on together.
        seconds: Time on the clock.
        cpu_seconds: Time of computing.
        max_rss: Largest memory in use, MB.
    """

    stage: str
    names: tuple[str, ...]
    num_seeds: int
    seconds: float
    cpu_seconds: float | None
    max_rss: float | None


def read_benchmarks(path: Path, stage: str, names: tuple[str, ...]) -> list[Benchmark]:
    """The jobs of one benchmark file (one, unless Snakemake was told to repeat it)."""
    rows = csv.DictReader(path.read_text().splitlines(), delimiter="\t")
    seeds = _num_seeds(path.stem)
    return [
        Benchmark(stage, names, seeds, float(row["s"]), _number(row.get("cpu_time")), _number(row.get("max_rss")))
        for row in rows
    ]


def cost(jobs: Sequence[Benchmark]) -> dict[str, float | None]:
    """``cpu_seconds`` per seed and ``max_rss_mb`` of several jobs; None where nothing is known."""
    cpu = [job.seconds if job.cpu_seconds is None else job.cpu_seconds for job in jobs]
    memory = [job.max_rss for job in jobs if job.max_rss is not None]
    return {
        "cpu_seconds": sum(cpu) / sum(job.num_seeds for job in jobs) if jobs else None,
        "max_rss_mb": max(memory, default=None),
    }


def _num_seeds(stem: str) -> int:
    """How many seeds a file such as ``seeds-0-4`` is about."""
    first, _, last = stem.removeprefix("seeds-").partition("-")
    return int(last) - int(first) + 1 if first.isdigit() and last.isdigit() else 1


def _number(text: str | None) -> float | None:
    try:
        return float(text or "")
    except ValueError:
        return None

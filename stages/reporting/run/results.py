"""What jobs cost and how training went: of every stage whose place `stages.paths` knows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from stages import paths
from stages.made_files import read_table
from stages.paths import Place
from stages.reporting.gathering import Source, every
from stages.reporting.kit.tensors import TensorFile


@dataclass(frozen=True)
class Job:
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


@dataclass(frozen=True)
class Losses:
    """One loss over training: the steps at which it was recorded, and a value for each seed (and whatever else)."""

    steps: Int[np.ndarray, "recorded"]
    values: Float[np.ndarray, "recorded *seeds"]


@dataclass(frozen=True)
class Trained:
    """One file of trained networks; `names` are the recipes it was made by, `settings` those of the method."""

    stage: str
    names: tuple[str, ...]
    settings: dict[str, Any]
    losses: dict[str, Losses]


@dataclass(frozen=True)
class Run:
    """How the results of a dataset were made."""

    jobs: list[Job] = field(default_factory=list)
    trained: list[Trained] = field(default_factory=list)

    def cost(self, stage: str, name: str) -> Cost:
        """Of all jobs of a stage with one recipe."""
        jobs = [job for job in self.jobs if (job.stage, job.names) == (stage, (name,))]
        cpu = [job.seconds if job.cpu_seconds is None else job.cpu_seconds for job in jobs]
        memory = [job.max_rss for job in jobs if job.max_rss is not None]
        return Cost(sum(cpu) / sum(job.num_seeds for job in jobs) if jobs else None, max(memory, default=None))


@dataclass(frozen=True)
class Cost:
    """Computing time per seed, and the largest memory of a job; None where nothing is known."""

    cpu_seconds: float | None
    max_rss_mb: float | None


def read_jobs(path: Path) -> list[Job]:
    """The jobs of one benchmark file (one, unless Snakemake was told to repeat it)."""
    stage, names = _made(path, BENCHMARKS)
    seeds = _num_seeds(path.stem)
    return [
        Job(stage, names, seeds, float(row["s"]), _number(row.get("cpu_time")), _number(row.get("max_rss")))
        for row in read_table(path, ["s"], "\t")
    ]


def read_trained(path: Path) -> list[Trained]:
    """The losses of one file of trained networks."""
    file = TensorFile(path, only="metrics/")
    recorded = [key.removesuffix("/steps") for key in file.arrays if key.endswith("/steps")]
    losses = {
        key.removeprefix("metrics/"): Losses(file.arrays[f"{key}/steps"], file.arrays[f"{key}/values"])
        for key in recorded
    }
    return [Trained(*_made(path, TRAINED), file.metadata.get("settings", {}), losses)]


def _made(path: Path, places: Sequence[Place]) -> tuple[str, tuple[str, ...]]:
    """The stage and the recipes that a file's place names."""
    place, wildcards = next((place, found) for place in places if (found := place.read(path)) is not None)
    stage = wildcards.get("table") or place.partition("/{")[0].rpartition("/")[2]
    return stage, tuple(name for key, name in wildcards.items() if key not in ("table", "dataset", "block"))


def _num_seeds(stem: str) -> int:
    """How many seeds a file such as ``seeds-0-4`` is about."""
    first, _, last = stem.removeprefix("seeds-").partition("-")
    return int(last) - int(first) + 1 if first.isdigit() and last.isdigit() else 1


def _number(text: str | None) -> float | None:
    try:
        return float(text or "")
    except ValueError:
        return None


# Places with a folder's name come first in `stages.paths`, so that the template of all tables takes what is left below
# the folder of logs.
PLACES = tuple(place for place in vars(paths).values() if isinstance(place, Place) and "{" in place)
BENCHMARKS = tuple(Place(f"any/{place.benchmark}") for place in PLACES)
TRAINED = tuple(place for place in PLACES if place.endswith("seeds-{block}.safetensors"))
JOBS = Source(Run, "jobs", BENCHMARKS, read_jobs, every)
SOURCES = (JOBS, Source(Run, "trained", TRAINED, read_trained, every))

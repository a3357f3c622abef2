"""The part of the report that is about the run: losses, run times, versions, settings."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any, ClassVar

from stages.reporting import SECTIONS
from stages.reporting.gathering import Collection, DatasetResults
from stages.reporting.kit.captions import caption
from stages.reporting.kit.pictures import Picture
from stages.reporting.kit.tables import Table
from stages.reporting.run.losses import losses_picture
from stages.reporting.run.results import SOURCES, Run
from stages.reporting.section import Section, View
from stages.reporting.settings import ReportSettings
from stages.settings import Settings

PACKAGES = ("torch", "numpy", "scipy", "scikit-learn", "gymnasium", "mujoco", "h5py", "snakemake")


@dataclass(frozen=True)
class LossesView(View):
    """Losses of one dataset's trainings."""

    template: ClassVar[str] = "run/losses.html.jinja"

    losses: Picture


@dataclass(frozen=True)
class RunView(View):
    """What is the same for all datasets."""

    template: ClassVar[str] = "run/run.html.jinja"

    times: Table | None
    versions: str
    settings: Table


@SECTIONS.register("run", Settings)
class RunSection(Section[None]):
    """How the results were made."""

    sources = SOURCES

    def views(self, results: DatasetResults, metrics: None, settings: ReportSettings) -> Iterable[LossesView]:
        losses = losses_picture(results)
        if losses is not None:
            yield LossesView(losses)

    def after(self, collection: Collection, settings: ReportSettings) -> Iterable[RunView]:
        yield RunView(times_table(collection), versions(), Table(["key", "value"], flattened(settings.params)))


def times_table(collection: Collection) -> Table | None:
    """Time of all jobs of each stage and dataset, memory of the largest, by Snakemake's files; None without any."""
    rows = []
    for name, results in collection.items():
        jobs = results.of(Run).jobs
        for stage in dict.fromkeys(job.stage for job in jobs):
            of_stage = [job for job in jobs if job.stage == stage]
            memory = max((job.max_rss for job in of_stage if job.max_rss is not None), default=None)
            time = _clock(sum(job.seconds for job in of_stage))
            size = "" if memory is None else f"{memory:,.0f} MB"
            rows.append([caption("stages", stage), name, str(len(of_stage)), time, size])
    return Table(["stage", "dataset", "jobs", "time", "most memory"], rows) if rows else None


def versions() -> str:
    """Python and the packages that results depend on."""
    found = [f"Python {platform.python_version()}"]
    for package in PACKAGES:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    return ", ".join(found)


def flattened(params: Mapping[str, Any], prefix: str = "") -> list[list[str]]:
    """Nested settings as (path, value) rows, in order."""
    rows: list[list[str]] = []
    for key, value in params.items():
        if isinstance(value, Mapping) and value:
            rows += flattened(value, f"{prefix}{key}.")
        else:
            rows.append([f"{prefix}{key}", "" if value is None else str(value)])
    return rows


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    if minutes >= 60:
        return f"{minutes // 60} h {minutes % 60:02} min"
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"

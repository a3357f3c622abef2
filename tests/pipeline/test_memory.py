"""What the jobs of a smoke run took, against what their rules ask for."""

from __future__ import annotations

import csv

import pytest

from stages.params.stages import STAGES
from tests.pipeline.project import Project

pytestmark = pytest.mark.slow

STAGE_OF = {"table": "tabulate"}  # rules that are not called like their stage
AT_MOST = 8  # times what was seen may be asked for: a stage of one short job was once seen at a third of what it takes
SEEN = 2.0  # seconds from which Snakemake has seen a job at its largest; it looks twice a second


def used(project: Project) -> dict[str, list[tuple[float, float]]]:
    """MB that jobs took and may take, by stage."""
    found: dict[str, list[tuple[float, float]]] = {}
    for record in project.records().values():
        benchmark = (project.path / record["log"][0]).with_suffix(".tsv")
        (row,) = csv.DictReader(benchmark.read_text().splitlines(), delimiter="\t")
        stage = STAGE_OF.get(record["rule"], record["rule"])
        megabytes = sum((project.path / file).stat().st_size for file in record["input"]) / 1e6
        if float(row["s"]) > SEEN and row["max_rss"] not in ("-", "NA"):
            # Snakemake's are mebibytes.
            found.setdefault(stage, []).append(
                (float(row["max_rss"]) * 1.048576, STAGES[stage].memory.needed(megabytes))
            )
    return found


def test_jobs_take_what_they_may_and_not_far_less(first_version: Project) -> None:
    by_stage = used(first_version)
    assert by_stage  # on the fastest machine seen three stages had jobs long enough
    assert {stage: sizes for stage, sizes in by_stage.items() if any(took > may for took, may in sizes)} == {}
    assert {stage: sizes for stage, sizes in by_stage.items() if all(AT_MOST * took < may for took, may in sizes)} == {}

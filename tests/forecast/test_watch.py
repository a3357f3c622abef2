"""What Snakemake says of the whole run, in a workflow of four short jobs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from stages.forecast.watch import duration
from tests.pipeline.project import ROOT, environment

SNAKEFILE = """
from snakemake.logging import logger
from snakemake.settings.enums import Quietness
from stages.forecast.watch import Watch

onstart:
    Watch(workflow, lambda line: logger.info(line, extra={{"quietness": Quietness.PROGRESS}}), every_seconds=0.5)

rule all:
    input: expand("results/second/{{n}}.txt", n=[1, 2])

rule first:
    output: "results/first/{{n}}.txt"
    benchmark: "logs/first/{{n}}.tsv"
    resources: gpu=1
    shell: "sleep 2; {command} > {{output}}"

rule second:
    input: rules.first.output
    output: "results/second/{{n}}.txt"
    benchmark: "logs/second/{{n}}.tsv"
    shell: "sleep 2; echo > {{output}}"
"""


def run(folder: Path, *options: str, command: str = "echo") -> subprocess.CompletedProcess[str]:
    (folder / "Snakefile").write_text(SNAKEFILE.format(command=command))
    return subprocess.run(
        [sys.executable, "-m", "snakemake", "--cores", "2", *options], cwd=folder, text=True, capture_output=True,
        env=environment() | {"PYTHONPATH": str(ROOT)}, check=False,
    )  # fmt: skip


def lines(done: subprocess.CompletedProcess[str]) -> list[str]:
    return [line for line in done.stderr.splitlines() if line.startswith("Whole run: ")]


@pytest.mark.slow
def test_a_run_says_how_far_it_is_and_stays_as_it_was(tmp_path: Path):
    written = tmp_path / "logs/first/1.tsv"
    written.parent.mkdir(parents=True)
    written.write_text("s\n240.0\n")
    done = run(tmp_path, "--resources", "gpu=1")
    assert done.returncode == 0, done.stderr
    first, *later = lines(done)
    assert first == "Whole run: 5 jobs, about 8 minutes", "twice 240 s on one GPU, and a few of the next stage"
    assert any(line.startswith("Whole run: 1 of 5 jobs and ") and line.endswith(" left") for line in later)
    assert "Traceback" not in done.stderr
    assert "Nothing to be done" in run(tmp_path).stderr


@pytest.mark.slow
@pytest.mark.parametrize("options", [["--quiet", "progress"], ["--quiet"], ["-n"]], ids=" ".join)
def test_what_is_told_to_be_quiet_is(tmp_path: Path, options: list[str]):
    done = run(tmp_path, *options)
    assert done.returncode == 0 and not lines(done)


@pytest.mark.slow
def test_after_a_failure_nothing_more_is_foretold(tmp_path: Path):
    done = run(tmp_path, command="false")
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert all(" 0 of 5 jobs" in line for line in lines(done)[1:])


def test_durations_in_words():
    assert [duration(seconds) for seconds in (5.0, 60.0, 430.0, 36_000.0)] == [
        "less than a minute",
        "about a minute",
        "about 7 minutes",
        "about 10 hours",
    ]

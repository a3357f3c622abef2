"""What a further family costs: its own files, a line in each of three shared ones, and a new summary and report."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path

import pytest

from tests.pipeline.project import NOTHING, REPORTED, Project

pytestmark = pytest.mark.slow

FAMILY = Path(__file__).with_name("toy_family")
SHARED = {  # by shared file: the line that is added, and the one that it follows
    "Snakefile": ('include: "stages/rules/halving.smk"', 'include: "stages/rules/safe.smk"'),
    "stages/params/stages.py": (
        '    Stage("halve", "stages.halving:HALVING", "halvings by name", recipes=True, listed={"halvings": "to do"}),',
        "ROWS = (",
    ),
    "stages/reporting/__init__.py": ('        "halves.section": ["halves"],', '        "safe.section": ["safe"],'),
}


@pytest.fixture
def extended(project: Project) -> Project:
    """The finished project with a further family: a stage with recipes, and a section of the report."""
    shutil.copytree(FAMILY, project.path, dirs_exist_ok=True)
    for file, (line, after) in SHARED.items():
        project.edit(file, f"{after}\n", f"{after}\n{line}\n")
    return project


def test_a_family_adds_its_files_and_a_line_to_each_of_three_shared_ones(extended: Project) -> None:
    changed = [line.split() for line in extended.run("git", "diff", "--numstat").splitlines()]
    assert changed == [["1", "0", file] for file in SHARED]
    added = extended.run("git", "ls-files", "--others", "--exclude-standard").splitlines()
    files = [path for path in FAMILY.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    assert sorted(added) == sorted(str(path.relative_to(FAMILY)) for path in files)


def test_a_family_reruns_the_summary_and_the_report_alone(extended: Project) -> None:
    assert extended.plan() == REPORTED
    extended.set("halve", {"noisy": {"method": "by_return", "noise": 0.1}})
    extended.set("datasets.takeball.halvings", ["noisy"])
    assert extended.plan() == REPORTED + Counter(halve=1)

    extended.run("snakemake")
    assert extended.plan() == NOTHING
    halves = json.loads((extended.path / "results/metrics.json").read_text())["takeball"]["halves"]
    assert len(halves["noisy"]) == 2
    assert "<h3>Halves</h3>" in (extended.path / "results/report.html").read_text()


def insert(project: Project, file: str, after: str, line: str) -> None:
    project.edit(file, after, after + line)

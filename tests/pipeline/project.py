"""A checkout with its data and results, and what a user does in it."""

from __future__ import annotations

import base64
import functools
import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from stages.params.schema import overlaid
from tests.pipeline.warm import LONGEST, WarmSnakemake

ROOT = Path(__file__).resolve().parents[2]
NOTHING: Counter[str] = Counter()
REPORTED = Counter(summarise=1, report=1)
JOB = re.compile(r"^Job \d+: (.*)$", re.MULTILINE)


class Job(NamedTuple):
    """A job that was run: Snakemake keeps a record of it beside each of its outputs."""

    rule: str
    inputs: frozenset[str]
    outputs: frozenset[str]


class Project:
    """A checkout with its data and results, and the commands that a user types in it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def run(self, *command: str, succeeds: bool = True, warm: bool = True) -> str:
        """Output and errors of a command, which has to succeed or to fail; `warm`: with Snakemake loaded already."""
        if warm and command[0] == "snakemake":
            code, output = snakemake().run(command[1:], self.path, environment())
        else:
            done = subprocess.run(
                command, cwd=self.path, env=environment(), text=True, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=LONGEST, check=False,
            )  # fmt: skip
            code, output = done.returncode, done.stdout
        assert (code == 0) == succeeds, f"{' '.join(command)} gave {code}\n{output}"
        return output

    def plan(self, *targets: str) -> Counter[str]:
        """How many jobs of each rule `snakemake` would run."""
        output = self.run("snakemake", "--dry-run", *targets)
        if "Nothing to be done" in output:
            return NOTHING
        table = output.split("Job stats:")[1].split("\ntotal")[0]
        counts = {rule: int(count) for rule, count in re.findall(r"^(\w+) +(\d+)$", table, re.MULTILINE)}
        return Counter({rule: count for rule, count in counts.items() if rule != "all"})

    def planned_jobs(self, *targets: str) -> list[str]:
        """The messages of the jobs that `snakemake` would run."""
        return JOB.findall(self.run("snakemake", "--dry-run", *targets))

    def jobs(self) -> list[Job]:
        """All jobs whose outputs are there."""
        records = self.records()
        made: dict[str, list[str]] = {}
        for path, record in records.items():
            made.setdefault(record["log"][0], []).append(path)
        return [
            Job(records[paths[0]]["rule"], frozenset(records[paths[0]]["input"]), frozenset(paths))
            for paths in made.values()
        ]

    def records(self) -> dict[str, dict[str, Any]]:
        """Snakemake's records by the output that they are about."""
        folder = self.path / "results/.provenance"
        files = [file for file in folder.rglob("*") if file.is_file()]
        names = ["".join(part.removeprefix("@") for part in file.relative_to(folder).parts) for file in files]
        decoded = [base64.urlsafe_b64decode(name).decode() for name in names]
        return {path: json.loads(file.read_text()) for path, file in zip(decoded, files, strict=True)}

    def after(self, *starts: str) -> Counter[str]:
        """How many jobs of each rule made files whose paths start so, or read, at whatever remove, what these made."""
        changed = {path for job in self.jobs() for path in job.outputs if path.startswith(starts)}
        found: set[Job] = set()
        while now := {job for job in self.jobs() if job.outputs & changed or job.inputs & changed} - found:
            found |= now
            changed |= {path for job in now for path in job.outputs}
        return Counter(job.rule for job in found)

    def edit(self, file: str, old: str, new: str) -> None:
        """Replace the first `old` in a file, which has to be there."""
        text = (self.path / file).read_text()
        assert old in text, f"{old!r} is not in {file}"
        (self.path / file).write_text(text.replace(old, new, 1))

    def append(self, file: str, text: str) -> None:
        with (self.path / file).open("a") as stream:
            stream.write(text)

    def set(self, keys: str, value: Any) -> None:
        """Change one key of the params, such as ``seeds.count``; mappings are merged."""
        for key in reversed(keys.split(".")):
            value = {key: value}
        self.overlay(value)

    def overlay(self, values: dict[str, Any]) -> None:
        """Put `values` over the params."""
        (self.path / "params.yaml").write_text(yaml.safe_dump(overlaid(self.params(), values), sort_keys=False))

    def params(self) -> dict[str, Any]:
        """The params as they are."""
        return yaml.safe_load((self.path / "params.yaml").read_text())

    def commit(self, tag: str) -> None:
        """Record a version, as the README says."""
        self.run("dvc", "repro")
        self.run("git", "add", "--all")
        self.run("git", "commit", "--quiet", "--message", tag)
        self.run("git", "tag", tag)

    def copy(self, path: Path) -> Project:
        shutil.copytree(self.path, path, symlinks=True)
        return Project(path)


@functools.cache
def snakemake() -> WarmSnakemake:
    """That of this test process."""
    return WarmSnakemake(environment())


def environment() -> dict[str, str]:
    """Commands of this Python first, and no settings of whoever runs the tests."""
    tools = str(Path(sys.executable).parent)
    people = {f"GIT_{who}_{what}": "test@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DVC_", "SNAKEMAKE_", "PYTEST_"))}
    isolated = {"GIT_CONFIG_GLOBAL": os.devnull, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}", "CI": "true"}
    return {**kept, **people, **isolated}

"""Copying what pages quote from a finished run into small result files."""

from __future__ import annotations

import math
import os
import platform
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from stages.errors import UserError, did_you_mean
from stages.made_files import read_table, reading
from stages.quoting import result_files
from stages.quoting.marks import Quote
from stages.quoting.result_files import Origin
from stages.quoting.tables import table


def take(results: Path, profile: str, asked: Sequence[Quote], folder: Path, cost: str | None) -> Iterator[str]:
    """Write the result files that `asked` quotes need of a profile; what is not in the run stays as it was.

    Args:
        results: Folder of the run.
        profile: As the quotes call it.
        asked: All quotes of all pages.
        folder: Where result files lie.
        cost: What the run took, in words; None: CPU time from its logs.

    Yields:
        One line per table.

    Raises:
        UserError: No page quotes the profile, or the run is not finished.
    """
    wanted = [quote for quote in asked if profile in quote.profiles]
    if not wanted:
        profiles = {name for quote in asked for name in quote.profiles}
        raise UserError(f"no page quotes {profile!r}", place="--profile", remedy=did_you_mean(profile, profiles))
    whole_run = any(table(quote.table).whole_run for quote in wanted)
    if whole_run and not (results / "metrics.json").exists():
        raise UserError("no metrics.json", place=str(results), remedy="Finish the run first: snakemake")
    origin = Origin(profile, commit(results), machine(), cost or cpu_time(results.parent / "logs"))
    for name in dict.fromkeys(quote.table for quote in wanted):
        subjects = [*dict.fromkeys(quote.subject for quote in wanted if quote.table == name)]
        rows = table(name).take(results, subjects)
        path = result_files.place(folder, profile, name)
        before = len(result_files.read(path, table(name).row)[1]) if path.exists() else 0
        if rows:
            result_files.write(path, origin, rows)
        yield f"{name}: " + (f"{len(rows)} rows, {before} before" if rows else "not in the run, stays as it was")


def commit(folder: Path) -> str:
    """What is checked out where the folder lies, and whether files differ from it."""

    def git(*arguments: str) -> str:
        run = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=False)
        return run.stdout.strip()

    changes = " with changes" if git("status", "--porcelain", "--untracked-files=no") else ""
    return (git("rev-parse", "--short=7", "HEAD") or "not known") + changes


def machine() -> str:
    """Kind of the machine that this runs on."""
    return f"{os.cpu_count()} {platform.machine()} cores"


def cpu_time(logs: Path) -> str:
    """CPU time of all jobs, from the records of Snakemake's benchmarks."""
    seconds = sum(map(_cpu_seconds, logs.rglob("*.tsv")))
    return f"{seconds / 3600:.1f} CPU hours for the whole run" if seconds else "time not noted"


def _cpu_seconds(path: Path) -> float:
    first, *_ = read_table(path, ["s"], "\t") or [{}]
    number = first.get("cpu_time", "NA")
    with reading(path):
        seconds = 0.0 if number == "NA" else float(number)
        if not 0 <= seconds < math.inf:
            raise ValueError(f"CPU time {number}")
        return seconds

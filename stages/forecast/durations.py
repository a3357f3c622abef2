"""What jobs are expected to take: as in the last run here, or else as shipped, on a core of this machine's speed.

Snakemake writes what a job took beside its log (`benchmark:`). A job that never ran here, and is not among the shipped
ones, is expected to take what others of its recipe take, or else others of its stage.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import mean

from stages.errors import UserError
from stages.forecast.probe import probe
from stages.made_files import read_table, reading
from stages.replacing import replacing

ESTIMATES = Path(__file__).with_name("estimates.csv")
PROBE = "probe"
RESTORE = "Restore it: git checkout stages/forecast/estimates.csv"
MOST = 1e9  # seconds, 32 years: what takes longer is no time
UNKNOWN = 10.0  # seconds, where no other job of the stage was ever seen


class Durations:
    """Seconds that jobs are expected to take, by their benchmark files.

    Args:
        last: What jobs took in earlier runs here.
        shipped: What they took elsewhere, in seconds of this machine.
    """

    def __init__(self, last: Mapping[str, float], shipped: Mapping[str, float]) -> None:
        self.tables = [_with_means(last), _with_means(shipped)]

    def __getitem__(self, benchmark: str) -> float:
        tables = ((table, key) for key in _keys(benchmark) for table in self.tables)
        return next((table[key] for table, key in tables if key in table), UNKNOWN)


def last_run(logs: Path = Path("logs")) -> dict[str, float]:
    """Seconds on the clock by benchmark file; files that say nothing are left out."""
    found = {}
    for path in sorted(logs.rglob("*.tsv")):
        try:
            rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines(), delimiter="\t"))
            seconds = float(rows[-1]["s"])
        except (OSError, IndexError, KeyError, TypeError, ValueError, csv.Error):
            continue
        if 0 <= seconds < MOST:
            found[str(path)] = seconds
    return found


def shipped(path: Path = ESTIMATES) -> dict[str, float]:
    """The shipped seconds by benchmark file, in seconds of this machine: the probe's time here over its time there.

    Raises:
        UserError: The file cannot be read, or holds something else.
    """
    rows = read_table(path, ("job", "seconds"), remedy=RESTORE)
    with reading(path, remedy=RESTORE):
        seconds = {row["job"]: float(row["seconds"]) for row in rows}
        if odd := [job for job, taken in seconds.items() if not 0 <= taken < MOST]:
            raise ValueError(f"{odd[0]} takes {seconds[odd[0]]:g} seconds")
        here, there = probe(), seconds.pop(PROBE)
        if not there:
            raise ValueError("the probe takes no time")
    return {job: taken * here / there for job, taken in seconds.items()}


def ship(path: Path = ESTIMATES, logs: Path = Path("logs")) -> int:
    """Write what the last run took as the shipped estimates; how many jobs it had.

    Those of stages that it had no job of stay, in seconds of this machine, so that runs of several profiles add up.

    Raises:
        UserError: There is no run.
    """
    seconds = last_run(logs)
    if not seconds:
        raise UserError("no job has written what it took", place=str(logs), remedy="Run `snakemake` first")
    ran = {_stage(job) for job in seconds}
    kept = {job: taken for job, taken in shipped(path).items() if _stage(job) not in ran} if path.exists() else {}
    taken_by = sorted((kept | seconds).items())
    rows = [("job", "seconds"), (PROBE, f"{probe():.4f}"), *((job, f"{taken:.1f}") for job, taken in taken_by)]
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
    return len(seconds)


def _keys(benchmark: str) -> Iterator[str]:
    """The job itself, its recipe on its dataset (all blocks of seeds), its stage."""
    path = Path(benchmark)
    yield from (str(path), str(path.parent), _stage(benchmark))


def _stage(benchmark: str) -> str:
    return str(Path(*Path(benchmark).parts[:2]))


def _with_means(seconds: Mapping[str, float]) -> dict[str, float]:
    groups: dict[str, list[float]] = {}
    for benchmark, taken in seconds.items():
        for key in dict.fromkeys(_keys(benchmark)):
            groups.setdefault(key, []).append(taken)
    return {key: mean(values) for key, values in groups.items()}

"""What jobs are expected to take."""

from __future__ import annotations

from pathlib import Path

import pytest

from stages.errors import UserError
from stages.forecast.durations import ESTIMATES, UNKNOWN, Durations, last_run, ship, shipped
from stages.paths import CLUSTERS, DATA
from tests.pipeline.project import ROOT

HERE, THERE = "logs/clusters/a/em/seeds-0-4.tsv", "logs/clusters/a/em/seeds-5-9.tsv"


def written(logs: Path, name: str, text: str) -> None:
    (logs / name).parent.mkdir(parents=True, exist_ok=True)
    (logs / name).write_text(text)


def test_the_job_itself_comes_before_its_recipe_and_its_recipe_before_its_stage():
    durations = Durations({HERE: 60.0}, {HERE: 10.0, THERE: 20.0, "logs/clusters/b/em/seeds-0-4.tsv": 30.0})
    assert durations[HERE] == 60.0
    assert durations[THERE] == 20.0
    assert durations["logs/clusters/a/em/seeds-10-14.tsv"] == 60.0
    assert durations["logs/clusters/b/evidence/seeds-0-4.tsv"] == 60.0
    assert durations["logs/critics/b/em/seeds-0-4.tsv"] == UNKNOWN


def test_the_last_run_is_read_and_what_says_nothing_left_out(tmp_path: Path):
    written(tmp_path, "data/a.tsv", "s\th:m:s\tmax_rss\n2.5\t0:00:02\t-\n3.5\t0:00:03\t-\n")
    written(tmp_path, "data/b.tsv", "s\th:m:s\n-\t-\n")
    written(tmp_path, "data/c.tsv", "")
    assert last_run(tmp_path) == {str(tmp_path / "data/a.tsv"): 3.5}
    assert last_run(tmp_path / "nowhere") == {}


@pytest.mark.parametrize("seconds", ["nan", "inf", "-1", "1e30", "x" * 200_000])
def test_times_that_are_none_are_left_out(tmp_path: Path, seconds: str):
    written(tmp_path, "data/a.tsv", f"s\n{seconds}\n")
    assert last_run(tmp_path) == {}


@pytest.mark.parametrize(
    "text",
    [
        *("", "job,seconds\n", "job\na\n", "<<<<<<< HEAD\njob,seconds\n", "job,seconds\nprobe,0.0\n"),
        *("job,seconds\nprobe,nan\n", *(f"job,seconds\nprobe,.01\na,{rest}" for rest in ("1", "many\n", "-1\n"))),
    ],
)
def test_estimates_that_are_none_are_named(tmp_path: Path, text: str):
    written(tmp_path, "estimates.csv", text)
    with pytest.raises(UserError, match=r"estimates\.csv: is damaged .*Restore it: git checkout"):
        shipped(tmp_path / "estimates.csv")


def test_estimates_are_those_of_a_run_in_seconds_of_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    written(tmp_path, "logs/data/a.tsv", "s\n2.5\n")
    estimates = tmp_path / "estimates.csv"
    monkeypatch.setattr("stages.forecast.durations.probe", lambda: 0.02)
    assert ship(estimates, tmp_path / "logs") == 1
    monkeypatch.setattr("stages.forecast.durations.probe", lambda: 0.01)
    assert list(shipped(estimates).values()) == [1.25]
    with pytest.raises(UserError, match="no job has written what it took"):
        ship(estimates, tmp_path / "nowhere")


def test_estimates_of_stages_that_a_run_has_not_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("stages.forecast.durations.probe", lambda: 0.01)
    estimates, logs = tmp_path / "estimates.csv", Path("logs")
    written(tmp_path, "estimates.csv", "job,seconds\nprobe,.02\nlogs/data/old.tsv,5\nlogs/behaviours/b.tsv,1000\n")
    written(tmp_path, "logs/data/a.tsv", "s\n2.5\n")
    assert ship(estimates, logs) == 1
    assert shipped(estimates) == {"logs/behaviours/b.tsv": 500.0, "logs/data/a.tsv": 2.5}


def test_shipped_estimates_are_of_jobs_that_there_are():
    jobs = shipped()
    places = [CLUSTERS.benchmark, DATA.benchmark]
    assert all(any(place.read(job) for job in jobs) for place in places)
    assert all(seconds >= 0 for seconds in jobs.values()) and ESTIMATES.is_relative_to(ROOT / "stages/forecast")

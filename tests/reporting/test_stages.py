"""The reporting stages from the command line."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", *map(str, arguments)], capture_output=True, text=True, check=False)


def tabulated(table: str, files: list[str], output: Path, **settings: object) -> subprocess.CompletedProcess[str]:
    chosen = json.dumps({"method": table, **settings})
    return run("stages.tabulate", *files, "--output", output, "--settings", chosen)


def test_bound_of_both_kinds_of_dataset(navigation, hopper, tmp_path: Path):
    for files, applies in ((navigation, True), (hopper, False)):
        output = tmp_path / "bound.json"
        assert run("stages.bound", files[0], "--output", output, "--settings", '{"folds": 2}').returncode == 0
        bound = json.loads(output.read_text())
        assert (bound["value"] is not None) == applies and ("reason" in bound) != applies


def test_summary_and_report(navigation, hopper, tmp_path: Path):
    table, metrics, page = tmp_path / "summary.csv", tmp_path / "metrics.json", tmp_path / "report.html"
    done = run("stages.summarise", *navigation, *hopper, "--output", table, "--metrics", metrics)
    assert done.returncode == 0 and "EMPO before improvement" in done.stdout
    assert len(list(csv.DictReader(table.open()))) == 11 and set(json.loads(metrics.read_text())) == {
        "navigation",
        "hopper",
    }
    assert run("stages.report", *navigation, *hopper, "--output", page).returncode == 0
    assert page.read_text().startswith("<!doctype html>")


def test_figure4(hopper, tmp_path: Path):
    output = tmp_path / "figure4.csv"
    points = {"empo": {"gradient": "full batch", "epochs": 100}}
    assert tabulated("figure4", [hopper[3]], output, environment="Hopper-v4", points=points).returncode == 0
    rows = list(csv.DictReader(output.open()))
    assert [row["epochs"] for row in rows] == ["100", "100"] and float(rows[0]["d4rl_score"]) > 50
    refused = tabulated("figure4", [hopper[3]], output, points={"emp": {"gradient": "a", "epochs": 1}})
    assert refused.returncode != 0 and "Did you mean 'emp'" in refused.stderr and "Traceback" not in refused.stderr


def test_ablation(hopper, tmp_path: Path):
    output = tmp_path / "ablation.csv"
    assert tabulated("ablation", [hopper[0], hopper[2]], output).returncode == 0
    (row,) = csv.DictReader(output.open())
    assert row["rand_mean"] == "100.0" and row["published_mean"] == "100.0"


def test_tables_of_clusterings(clustered, tmp_path: Path):
    data, *rest = clustered
    diagnosed = [file for file in rest if file.endswith((".json", ".tsv"))]
    found = [file for file in rest if file.endswith(".safetensors")]
    table, by_k = tmp_path / "clusterings.csv", tmp_path / "k.csv"
    done = tabulated("clustering", [data, *diagnosed], table)
    assert done.returncode == 0 and "pg_kmeans" in done.stdout
    assert [row["clustering"] for row in csv.DictReader(table.open())] == ["pg_kmeans", "dec"]
    assert tabulated("k_sensitivity", [data, *found], by_k).returncode == 0
    assert {row["series"] for row in csv.DictReader(by_k.open())} == {"best", "single", "unmerged", "dec"}


def test_a_missing_file_leaves_no_report(tmp_path: Path):
    refused = run("stages.report", "results/evaluation/a/b/seeds-9.npz", "--output", tmp_path / "report.html")
    assert refused.returncode != 0 and refused.stderr.startswith("error: ") and not list(tmp_path.iterdir())

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest

from stages.errors import UserError
from stages.reporting.gathering import gather
from stages.reporting.safe.results import Safe, StudyRow
from stages.reporting.safe.studies import studies
from stages.reporting.safe.study_rows import StudySettings, study_rows, variant
from stages.reporting.sections import SOURCES


@pytest.fixture
def results(safe):
    return gather(safe, SOURCES)["safe_navigation"]


def test_one_row_per_variant_and_limit(results):
    rows = study_rows(
        results, StudySettings(studies={"one": {"trac": {"a": 1}, "bc_all": {}}, "two": {"trac": {}, "cdt": {"b": 2}}})
    )
    assert len(rows) == 12
    (row,) = (row for row in rows if (row.study, row.agent, row.limit) == ("one", "bc_all", 10))
    assert row.variant == "unchanged" and row.seeds == 2 and row.safe == 0
    assert (row.reward_mean, row.reward_std) == pytest.approx((0.85, 0.05))
    assert (row.cost_mean, row.cost_std) == pytest.approx((3.65, 0.05))


def test_variants_are_told_by_their_settings():
    assert variant({"x": 0.25, "sides": "both", "n": 3}) == "x=0.25, sides=both, n=3"


def test_studies_and_files_have_to_fit(results):
    with pytest.raises(UserError, match=r"no rollouts of agent 'tracs'.*Did you mean 'trac'"):
        study_rows(results, StudySettings(studies={"one": {"tracs": {}}}))
    with pytest.raises(UserError, match="agent 'bc_all' is in no study"):
        study_rows(results, StudySettings(studies={"one": {"trac": {}, "cdt": {}}}))


def test_a_study_has_a_table_and_a_picture(results):
    (study,) = studies("safe_navigation", results.of(Safe).studies)
    assert study.title == "Which labels have a loss"
    assert study.table.headings == ["sides", "limit 10", "limit 20", "limit 40", "seeds"]
    assert study.table.rows[0] == ["both", "0.45 / 0.95", "0.55 / 0.85", "0.65 / 0.75", "2"]
    assert study.table.unsafe == {(1, 1), (2, 1), (2, 2)}
    assert 'id="safe_navigation-study-sides-' in study.picture.svg


def test_numbers_are_in_order_and_unknown_studies_keep_their_name():
    def row(changed):
        return StudyRow("odd_one", "a", changed, 10.0, 2, 0.5, 0.0, 0.5, 0.0, safe=1)

    (study,) = studies("odd", [row(f"segment_ratio={ratio}") for ratio in ("1", "0.25", "0.5")])
    assert study.title == "odd one"
    assert study.table.headings[0] == "segment ratio"
    assert [cells[0] for cells in study.table.rows] == [
        "0.25",
        "0.5",
        "1",
    ]
    (study,) = studies("odd", [row(f"x={x}, y=0.5") for x in ("0.5", "1")])
    assert [cells[0] for cells in study.table.rows] == ["0.5, 0.5", "1, 0.5"]


@pytest.mark.slow
def test_the_stage(safe, tmp_path: Path):
    output = tmp_path / "studies.csv"
    files = [file for file in safe if file.endswith(".hdf5") or "/safe_evaluation/safe_navigation/trac/" in file]
    command = [sys.executable, "-m", "stages.tabulate", *files, "--output", str(output), "--settings"]
    done = subprocess.run([*command, _chosen("trac")], capture_output=True, text=True)
    assert done.returncode == 0 and "Saved 3 rows" in done.stdout
    rows = list(csv.DictReader(output.open()))
    assert [row["limit"] for row in rows] == ["10", "20", "40"] and {row["safe"] for row in rows} == {"1"}
    refused = subprocess.run([*command, _chosen("trak")], capture_output=True, text=True)
    assert refused.returncode != 0 and "Did you mean 'trac'" in refused.stderr and "Traceback" not in refused.stderr


def _chosen(agent: str) -> str:
    return json.dumps({"method": "safe_studies", "studies": {"one": {agent: {}}}})

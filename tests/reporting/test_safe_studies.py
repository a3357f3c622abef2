import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest

from stages.errors import UserError
from stages.reporting.inputs import gather
from stages.reporting.safe_studies import StudySettings, study_rows, variant
from stages.reporting.safe_study_parts import studies


@pytest.fixture
def results(safe):
    return gather(safe)["safe_navigation"]


def test_one_row_per_variant_and_limit(results):
    rows = study_rows(
        results, StudySettings(studies={"one": {"trac": {"a": 1}, "bc_all": {}}, "two": {"trac": {}, "cdt": {"b": 2}}})
    )
    assert len(rows) == 12
    row = rows[(rows.study == "one") & (rows.agent == "bc_all") & (rows.limit == 10)].iloc[0]
    assert row["variant"] == "unchanged" and row["seeds"] == 2 and row["safe"] == 0
    assert row[["reward_mean", "reward_std", "cost_mean", "cost_std"]].tolist() == pytest.approx(
        [0.85, 0.05, 3.65, 0.05]
    )


def test_variants_are_told_by_their_settings():
    assert variant({"x": 0.25, "sides": "both", "n": 3}) == "x=0.25, sides=both, n=3"


def test_studies_and_files_have_to_fit(results):
    with pytest.raises(UserError, match=r"no rollouts of agent 'tracs'.*Did you mean 'trac'"):
        study_rows(results, StudySettings(studies={"one": {"tracs": {}}}))
    with pytest.raises(UserError, match="agent 'bc_all' is in no study"):
        study_rows(results, StudySettings(studies={"one": {"trac": {}, "cdt": {}}}))


def test_a_study_has_a_table_and_a_picture(results):
    (study,) = studies(results)
    assert study.title == "Which labels have a loss"
    assert study.table.headings == ["sides", "limit 10", "limit 20", "limit 40", "seeds"]
    assert study.table.rows[0] == ["both", "0.45 / 0.95", "0.55 / 0.85", "0.65 / 0.75", "2"]
    assert study.table.unsafe == {(1, 1), (2, 1), (2, 2)}
    assert 'id="safe_navigation-study-sides-' in study.picture.svg


def test_numbers_are_in_order_and_unknown_studies_keep_their_name(results):
    row = {"study": "odd_one", "agent": "a", "limit": "10", "seeds": "2", "reward_mean": "0.5", "reward_std": "0",
           "cost_mean": "0.5", "cost_std": "0", "safe": "1"}  # fmt: skip
    results.safe_studies[:] = [row | {"variant": f"segment_ratio={ratio}"} for ratio in ("1", "0.25", "0.5")]
    (study,) = studies(results)
    assert study.title == "odd one"
    assert study.table.headings[0] == "segment ratio" and [one[0] for one in study.table.rows] == ["0.25", "0.5", "1"]
    results.safe_studies[:] = [row | {"variant": f"x={x}, y=0.5"} for x in ("0.5", "1")]
    assert [one[0] for one in studies(results)[0].table.rows] == ["0.5, 0.5", "1, 0.5"]


@pytest.mark.slow
def test_the_stage(safe, tmp_path: Path):
    output = tmp_path / "studies.csv"
    files = [file for file in safe if file.endswith(".hdf5") or "/safe_evaluation/safe_navigation/trac/" in file]
    command = [sys.executable, "-m", "stages.summarise_safe_studies", *files, "--output", str(output), "--settings"]
    done = subprocess.run([*command, json.dumps({"studies": {"one": {"trac": {}}}})], capture_output=True, text=True)
    assert done.returncode == 0 and "1 studies with 1 variants" in done.stdout
    rows = list(csv.DictReader(output.open()))
    assert [row["limit"] for row in rows] == ["10", "20", "40"] and {row["safe"] for row in rows} == {"1"}
    refused = subprocess.run([*command, '{"studies": {"one": {"trak": {}}}}'], capture_output=True, text=True)
    assert refused.returncode != 0 and "Did you mean 'trac'" in refused.stderr and "Traceback" not in refused.stderr

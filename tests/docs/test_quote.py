"""Tables between marks are as the result files say, and result files are taken from finished runs."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from stages import quote
from stages.errors import UserError
from stages.quoting import (
    clusterings,
    found_clusters,
    marks,
    result_files,
    returns,
    safe,
    safe_data,
    safe_studies,
    taking,
)
from stages.quoting.markdown import fraction, index
from stages.quoting.marks import Quote
from stages.quoting.tables import TABLES
from tests.docs.pages import PAGES, ROOT

ORIGIN = result_files.Origin("toy", "abc1234", "one core", "a minute")
MARK = "<!-- quote returns navigation from toy -->\n<!-- end of quote -->\n"


def aggregate(value: float, half: float) -> dict[str, float]:
    return {"iqm": value, "low": value - half, "high": value + half, "mean": value, "std": half}


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A page with a mark, and a finished run beside it: two agents on navigation, one of them safe, two clusterings."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "README.md").write_text(f"# Toy\n\n{MARK}\nThe end.\n")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/results.md").write_text(MARK)
    results = tmp_path / "results"
    for table in ("clustering", "safe_studies"):
        (results / table).mkdir(parents=True)
    overall = {"normalised_return": {"mean": 0.5}, "normalised_cost": {"mean": 1.25}, "safe_limits": 2, "limits": 3}
    metrics = {
        "navigation": {
            "agents": {
                "bc": {"return": aggregate(-800, 50), "seeds": 2, "worse_route": 1.0},
                "empo": {"return": aggregate(-351.5, 1), "seeds": 2, "worse_route": 0.05},
            },
            "behaviours": {"all": {"return_mean": 0.0}, "behaviour 0": {"return_mean": -844.84}},
            "bound": {"value": -374.9, "standard_error": 1.1},
            "clusters": {
                "em": {"seeds": 2, "clusters_low": 2, "clusters_high": 3, "nmi": 0.9, "nmi_min": 0.8, "perfect": 0.5}
            },
        },
        "safe_navigation": {
            "agents": {},
            "behaviours": {},
            "bound": {},
            "clusters": {},
            "safe": {"trac": {"mean": overall}},
        },
    }
    (results / "metrics.json").write_text(json.dumps(metrics))
    rows = [
        "dataset,agent,seed,episodes",
        *(f"navigation,{agent},{seed},10.0" for agent in ("bc", "empo") for seed in "01"),
    ]
    (results / "summary.csv").write_text("\n".join(rows) + "\n")
    (results / "clustering/takeball.csv").write_text(
        "clustering,nmi_mean,nmi_min,ceiling_nmi\nevidence,0.99751,0.9,0.998\nkausik,1,1,\n"
    )
    (results / "safe_studies/swimmer-velocity.csv").write_text(
        "study,agent,variant,limit,seeds,reward_mean,cost_mean,safe\n"
        "sides,trac,unchanged,20,3,0.4,0.2,1\nsides,trac,unchanged,40,3,0.6,1.2,0\nother,trac,x=1,20,3,0.1,0.1,1\n"
    )
    return tmp_path


DAMAGES = {
    "empty": b"",
    "cut": b'{"navigation": {"ag',
    "foreign": b"\x00\x00\x00\x01Bud1\x00\xff",
    "other": b"[1, 2]\n",
}
READERS = {
    "metrics.json": (returns.take, safe.take, found_clusters.take),
    "summary.csv": (returns.take,),
    "clustering/takeball.csv": (clusterings.take,),
    "safe_studies/swimmer-velocity.csv": (safe_studies.take,),
    "data/generated/swimmer-velocity.hdf5": (safe_data.take,),
    "logs/a.tsv": (lambda results, _: taking.cpu_time(results.parent / "logs"),),
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", READERS)
def test_damaged_results_are_named(project, name, damage):
    path = (Path() if name.startswith(("data", "logs")) else Path("results")) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(DAMAGES[damage])
    for take in READERS[name]:
        with pytest.raises(UserError, match=rf"^{path}: .*\. Delete it and run") as caught:
            take(Path("results"), ["navigation"])
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("cut", [1, 7, 100])
def test_a_damaged_result_file_is_named(project, cut):
    quote.main(check=False, take=Path("results"), profile="toy", cost="a minute")
    path = Path("docs/results/toy/returns.csv")
    path.write_bytes(path.read_bytes()[:-cut])
    with pytest.raises(UserError, match=rf"^{path}: .*\. Take it again"):
        result_files.read(path, returns.Row)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(UserError, match=rf"^{path}: .*\. Take it again"):
        result_files.read(path, returns.Row)


def test_a_page_that_is_not_utf8_is_named(project):
    (project / "README.md").write_bytes("é".encode("cp1252"))
    with pytest.raises(UserError, match=r"^README\.md: is not UTF-8 .*\. Save it as UTF-8"):
        quote.main(check=True, take=None, profile=None, cost=None)


def test_pages_are_as_the_result_files_say(monkeypatch):
    monkeypatch.chdir(ROOT)
    quote.main(check=True, take=None, profile=None, cost=None)


def test_every_result_file_is_quoted_and_every_table_used():
    asked = [found for page, text in PAGES.items() for found in marks.quotes(text, page)]
    quoted = {f"{profile}/{found.table}.csv" for found in asked for profile in found.profiles}
    folder = ROOT / quote.FOLDER
    assert quoted == {str(path.relative_to(folder)) for path in folder.rglob("*.csv")}
    assert {found.table for found in asked} == set(TABLES)


def test_a_run_is_taken_and_quoted(project, capsys):
    (project / "logs").mkdir()
    (project / "logs/a.tsv").write_text("s\tcpu_time\n9\t3600\n")
    (project / "logs/b.tsv").write_text("s\tcpu_time\n9\tNA\n")
    quote.main(check=False, take=Path("results"), profile="toy", cost=None)
    page = (project / "README.md").read_text()
    assert "| **EMPO** | **-351.5 [-352.5, -350.5]** | **1 of 20** |" in page
    assert "| BC | -800 [-850, -750] | 20 of 20 | |" in page
    assert "| behaviour 0, data | -844.8 | | |" in page and "-374.9 ± 1.1" in page
    assert "[toy](docs/results/toy/returns.csv): commit not known," in page and "1.0 CPU hours" in page
    assert "[toy](results/toy/returns.csv)" in (project / "docs/results.md").read_text()
    assert page.startswith("# Toy\n\n<!-- quote returns") and page.endswith("<!-- end of quote -->\n\nThe end.\n")
    assert "returns: 4 rows, 0 before" in capsys.readouterr().out
    quote.main(check=True, take=None, profile=None, cost=None)


def test_a_changed_number_is_noticed_and_put_right(project):
    quote.main(check=False, take=Path("results"), profile="toy", cost="a minute")
    page = project / "README.md"
    written = page.read_text()
    page.write_text(written.replace("-351.5", "-300.0"))
    with pytest.raises(UserError, match=r"README\.md: tables are not as the result files say\. Run python -m"):
        quote.main(check=True, take=None, profile=None, cost=None)
    assert "-300.0" in page.read_text()
    quote.main(check=False, take=None, profile=None, cost=None)
    assert page.read_text() == written


def test_what_is_not_in_a_run_stays_as_it_was(project, capsys):
    page = project / "README.md"
    page.write_text(page.read_text() + "\n<!-- quote clusterings from toy -->\n<!-- end of quote -->\n")
    quote.main(check=False, take=Path("results"), profile="toy", cost=None)
    before = (project / "docs/results/toy/clusterings.csv").read_text()
    shutil.rmtree(project / "results/clustering")
    quote.main(check=False, take=Path("results"), profile="toy", cost=None)
    assert (project / "docs/results/toy/clusterings.csv").read_text() == before
    assert "clusterings: not in the run, stays as it was" in capsys.readouterr().out


@pytest.mark.parametrize(
    "profile, results, message",
    [
        ("tay", "results", "no page quotes 'tay'. Did you mean 'toy'?"),
        ("toy", "docs", "docs: no metrics.json. Finish the run first"),
    ],
)
def test_runs_that_cannot_be_taken(project, profile, results, message):
    with pytest.raises(UserError) as refused:
        quote.main(check=False, take=Path(results), profile=profile, cost=None)
    assert message in str(refused.value)
    assert not (project / "docs/results").exists()


def test_a_missing_result_file_is_named(project):
    with pytest.raises(
        UserError, match=r"docs/results/toy/returns\.csv: no such result file\. Take it from a finished run"
    ):
        quote.main(check=False, take=None, profile=None, cost=None)


@pytest.mark.parametrize(
    "text",
    [
        "<!-- quote returns navigation from toy -->\nno end\n",
        f"<!-- quote returns navigation from toy -->\n{MARK}",
        "<!-- quote returns of navigation from toy -->\n<!-- end of quote -->\n",
        "<!-- quote returns navigation -->\n<!-- end of quote -->\n",
    ],
)
def test_wrong_marks_are_refused(text):
    with pytest.raises(UserError, match=r"page\.md: a mark is misspelt or has no end"):
        marks.quotes(text, "page.md")


def test_an_unknown_table_is_refused():
    with pytest.raises(UserError, match=r"no table 'return'\. Did you mean 'returns'"):
        quote.written(Quote("return", "", ("toy",)), Path("README.md"))


def test_marks_say_what_they_ask_for():
    text = "<!-- quote safe from safe_rl bullet -->\nx\n<!-- end of quote -->\n" + MARK
    assert marks.quotes(text, "") == [
        Quote("safe", "", ("safe_rl", "bullet")),
        Quote("returns", "navigation", ("toy",)),
    ]
    assert marks.filled(text, lambda found: found.table).count("\n\nreturns\n\n") == 1


def test_result_files_are_read_as_written(tmp_path):
    rows = [safe.Row("carrun", "trac", 0.123456789, 2.0, False), safe.Row("ballrun", "cdt", -1e-7, 0.0, True)]
    result_files.write(tmp_path / "safe.csv", ORIGIN, rows)
    origin, found = result_files.read(tmp_path / "safe.csv", safe.Row)
    assert origin == ORIGIN
    assert found == [safe.Row("carrun", "trac", 0.123457, 2.0, False), rows[1]]
    unknown = [returns.Row("hopper", "behaviour", "medium", 1.0)]
    result_files.write(tmp_path / "returns.csv", ORIGIN, unknown)
    assert result_files.read(tmp_path / "returns.csv", returns.Row)[1] == unknown


@pytest.mark.parametrize(
    "line, message", [("# cost: a minute\n", "does not say its cost"), ("agent,", "columns are not")]
)
def test_incomplete_result_files_are_refused(tmp_path, line, message):
    path = tmp_path / "safe.csv"
    result_files.write(path, ORIGIN, [safe.Row("carrun", "trac", 0.1, 2.0, False)])
    path.write_text(path.read_text().replace(line, ""))
    with pytest.raises(UserError, match=message):
        result_files.read(path, safe.Row)


def test_tables_of_clusterings(project):
    rows = clusterings.take(Path("results"), [""])
    assert [row.ceiling_low for row in rows] == [0.998, None]
    table = clusterings.table(rows, "")
    assert "| true policies (ceiling) | .998 |" in table
    assert "| `evidence`, K found | .998 (.900) |" in table and "| `kausik` | 1 (1) |" in table
    found = found_clusters.take(Path("results"), [""])
    assert "| navigation, `em` | 2-3 | .900 (.800) | 1 of 2 |" in found_clusters.table(found, "")


def test_tables_of_safe_agents(project):
    rows = safe.take(Path("results"), [""])
    assert rows == [safe.Row("safe_navigation", "trac", 0.5, 1.25, False)]
    assert "| TraC | .50 / 1.25 ✗ |" in safe.table(rows, "")
    assert "published" not in safe.table(rows, "")
    swimmer = [safe.Row("swimmer-velocity", "trac", 0.5, 0.5, True)]
    assert "| published TraC, on DSRL's data | .55 / 3.21 ✗ |" in safe.table(swimmer, "")


def test_a_study_is_the_mean_over_limits(project):
    rows = safe_studies.take(Path("results"), ["sides"])
    assert [(row.variant, row.keeps_limits) for row in rows] == [("unchanged", False)]
    assert (rows[0].reward, rows[0].cost) == pytest.approx((0.5, 0.7))
    assert "| unchanged | .50 / .70 ✗ |" in safe_studies.table(rows, "sides")


def test_numbers():
    assert [fraction(value, 2) for value in (0.5, -0.104, -0.001, 1.0, 12.346, None)] == [
        ".50",
        "-.10",
        ".00",
        "1.00",
        "12.35",
        "-",
    ]
    assert [index(value) for value in (0.99951, 0.9994, 0.0, None)] == ["1", ".999", ".000", "-"]

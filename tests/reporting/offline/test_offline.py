"""Compared offline algorithms: the table of a dataset, and what the report makes of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from stages.environments.normalised_score import REFERENCE_RETURNS
from stages.errors import UserError
from stages.params.derived import offline_rl
from stages.reporting import page
from stages.reporting.gathering import Collection, DatasetResults, gather
from stages.reporting.offline.across import across_table
from stages.reporting.offline.published import PublishedScores
from stages.reporting.offline.results import SOURCES, Offline, OfflineRow
from stages.reporting.offline.rows import OfflineTableSettings, offline_table
from stages.reporting.offline.section import OfflineSection
from stages.reporting.offline.tables import found_table, scores_table
from stages.reporting.settings import ReportSettings
from tests.params.written import project_params, recipes
from tests.reporting.conftest import save_evaluation

LOW, HIGH = REFERENCE_RETURNS["hopper"]


def row(agent: str, seed: int, score: float, reference: str = "iql", **changes) -> OfflineRow:
    values = {
        "trained_on": "all episodes", "steps": 100, "widths": "64-64", "batch_size": 256, "sampled": False,
        "return_mean": 30 * score, "d4rl_score": score, "rollouts": f"{score - 1} {score + 1}",
    }  # fmt: skip
    return OfflineRow(agent=agent, reference=reference, seed=seed, **(values | changes))


def compared(seeds: int = 3, shift: float = 0.0) -> Offline:
    """IQL at 10, 20, 60, ...; C4 always 5 above; one that is not compared because it has other seeds."""
    scores = [10.0, 20.0, 60.0, 30.0, 40.0, 50.0][:seeds]
    rows = [row("iql", seed, score + shift) for seed, score in enumerate(scores)]
    rows += [row("c4_iql", seed, score + shift + 5) for seed, score in enumerate(scores)]
    return Offline([*rows, row("bc", 7, 15.0)])


def cells(table, heading: str) -> list[str]:
    return [line[table.headings.index(heading)] for line in table.rows]


def test_rows_hold_every_rollout_in_d4rl_scores(tmp_path: Path) -> None:
    returns = LOW + (HIGH - LOW) * np.array([[0.1, 0.3], [0.5, 0.5]])
    shape = {
        "paths": np.zeros((2, 0, 0, 2)),
        "choices": np.zeros((2, 0, 0), int),
        "cluster_returns": np.zeros((2, 0, 0)),
    }
    file = save_evaluation(tmp_path, "hop", "iql", [4, 5], returns=returns, lengths=np.ones((2, 2), int), **shape)
    training = {"trained_on": "each cluster", "reference": "bc", "steps": 1_000_000, "widths": "3-3", "batch_size": 2}
    settings = OfflineTableSettings(environment="Hopper-v4", sampled=True, agents={"iql": training})
    table = offline_table([file], settings)
    path = tmp_path / "results/offline_rl/hop.csv"
    path.parent.mkdir(parents=True)
    table.to_csv(path, index=False, float_format="%.6g")
    first, second = gather([str(path)], SOURCES)["hop"].of(Offline).rows
    assert (first.seed, first.trained_on, first.steps, first.widths, first.sampled) == (
        4,
        "each cluster",
        1_000_000,
        "3-3",
        True,
    )
    assert (first.d4rl_score, second.d4rl_score) == pytest.approx((20, 50))
    assert [float(score) for score in first.rollouts.split()] == pytest.approx([10, 30])


def test_without_rollouts_there_is_no_table(hopper) -> None:
    with pytest.raises(UserError, match="no rollouts among the files"):
        offline_table(hopper[1:2], OfflineTableSettings())


def test_few_seeds_are_shown_and_paired() -> None:
    table = scores_table(compared(), PublishedScores(corl={"iql": (97.43, 6.39)}, paper={"iql": 94.7}), 200)
    assert cells(table, "each seed")[:2] == ["10, 20, 60", "15, 25, 65"]
    assert cells(table, "paired [95 %]") == ["–", "5.0 [5.0, 5.0]", "–"]
    assert cells(table, "P(better)") == ["–", "67%", "–"]
    assert (cells(table, "CORL")[0], cells(table, "IQL paper")[0]) == ("97.4 ± 6.4", "94.7")
    assert "IQM [95 %]" not in table.headings and table.emphasised == {1}


def test_from_six_seeds_on_there_are_intervals_instead() -> None:
    offline = Offline([line for line in compared(6).rows if line.agent != "bc"])
    table = scores_table(offline, PublishedScores(), 200)
    assert "each seed" not in table.headings and "CORL" not in table.headings
    assert cells(table, "IQM [95 %]")[0].startswith("35.0 [")


def test_online_evaluations_choose_among_seeds_and_among_all() -> None:
    table = found_table(compared().agents)
    assert cells(table, "policies") == ["3", "3", "1", "7"]
    assert float(cells(table, "1 evaluations")[0]) == pytest.approx(30, abs=3)
    assert cells(table, "100 evaluations") == ["60.0", "65.0", "15.0", "65.0"]


def test_over_datasets_differences_are_paired_by_seed() -> None:
    collection = Collection({f"set {i}": DatasetResults(f"set {i}", {Offline: compared(shift=i)}) for i in range(2)})
    table = across_table(collection)
    assert table is not None
    assert table.rows == [["IQL with C4", "2", "3", "35.5", "IQL", "5.0 [5.0, 5.0]", "67%"]]
    single = Collection({"set": collection["set 0"]})
    assert across_table(single) is None


def test_the_page_says_whether_budgets_are_equal() -> None:
    def view(offline: Offline):
        (found,) = OfflineSection().views(DatasetResults("d", {Offline: offline}), None, ReportSettings(resamples=100))
        return found

    assert view(compared()).equal
    assert not view(Offline([*compared().rows, row("cql", 0, 1.0, steps=50)])).equal
    assert view(Offline([*compared().rows, row("empo", 0, 1.0, steps=None, widths=None, batch_size=None)])).equal
    assert list(OfflineSection().views(DatasetResults("d"), None, ReportSettings())) == []


def test_agents_are_compared_with_what_they_are_variants_of(tmp_path: Path) -> None:
    params, dataset = project_params(), "hopper-medium-expert-10k"
    agents = ["percent_bc", "iql", "td3_bc", "c4_td3_bc", "iql_by_cluster", "iql_best_cluster", "empo", "bc_by_cluster"]
    params["train_offline"]["one_cluster"] = {"like": "c4_td3_bc", "num_clusters": 1}
    params["agents"]["c4_one"] = {"offline": "one_cluster"}
    params["offline_comparison"] = {dataset: [*agents, "c4_one"]}
    settings = offline_rl(recipes(tmp_path, params), dataset)
    assert settings["environment"] == "Hopper-v4" and settings["sampled"] is False
    assert {name: found["reference"] for name, found in settings["agents"].items()} == {
        "percent_bc": "percent_bc", "iql": "percent_bc", "td3_bc": "percent_bc", "c4_td3_bc": "td3_bc",
        "iql_by_cluster": "iql", "iql_best_cluster": "iql", "empo": "percent_bc", "bc_by_cluster": "percent_bc",
        "c4_one": "td3_bc",
    }  # fmt: skip
    assert settings["agents"]["empo"]["trained_on"] == "clusters"
    assert settings["agents"]["c4_td3_bc"]["steps"] == settings["agents"]["td3_bc"]["steps"]


def test_the_table_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "results/offline_rl/d.csv"
    path.parent.mkdir(parents=True)
    rows = [row("empo", 0, 3.0, steps=None, widths=None, batch_size=None), row("bc", 0, 2.0, d4rl_score=None)]
    pd.DataFrame([vars(line) for line in rows]).to_csv(path, index=False)  # 256.0, as a column with gaps has it
    assert gather([str(path)], SOURCES)["d"].of(Offline).rows == rows


def test_the_page_shows_each_dataset_and_what_holds_over_them() -> None:
    collection = Collection({f"set {i}": DatasetResults(f"set {i}", {Offline: compared(shift=i)}) for i in range(2)})
    text = page.build(collection, ReportSettings(resamples=100))
    assert text.count("<h3>Offline algorithms</h3>") == 2 and text.count("Offline RL over datasets") >= 1
    assert "IQL with C4" in text and "policies take their mean actions" in text and "100 evaluations" in text

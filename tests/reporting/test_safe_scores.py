import io
import json
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from stages.reporting import facts, summary
from stages.reporting.headline import headline
from stages.reporting.inputs import gather
from stages.reporting.safe_scores import is_benchmark, safe_scores
from stages.reporting.safe_words import best_safe, limits_of, safe_everywhere, safe_sentence
from tests.reporting.made_up_safe import other_file, rollouts_file


@pytest.fixture(scope="module")
def collection(safe):
    return gather(safe)


@pytest.fixture(scope="module")
def metrics(collection):
    return summary.metrics(collection, resamples=200)["safe_navigation"]["safe"]


def test_scores_by_hand(collection):
    results = collection["safe_navigation"]
    scores = safe_scores(results, results.safe_evaluations["trac"])
    np.testing.assert_allclose(scores.rewards, [[0.4, 0.5, 0.6], [0.5, 0.6, 0.7]])
    np.testing.assert_allclose(scores.costs, [[0.9, 0.8, 0.7], [1.0, 0.9, 0.8]])
    np.testing.assert_allclose(scores.raw_costs, [[9, 16, 28], [10, 18, 32]])
    np.testing.assert_allclose(scores.within, 0.5)
    assert scores.safe == [True, True, True] and not is_benchmark(results)


def test_aggregates_over_seeds_and_limits(metrics):
    trac = metrics["trac"]
    assert list(trac) == ["mean", "limit 10", "limit 20", "limit 40"]
    assert trac["limit 10"]["normalised_return"]["mean"] == pytest.approx(0.45)
    assert trac["limit 10"]["normalised_cost"] == {"mean": 0.95, "std": 0.05, "low": 0.9, "high": 1.0}
    assert trac["limit 10"]["cost"] == pytest.approx(9.5) and trac["limit 10"]["within_limit"] == 0.5
    assert trac["mean"]["normalised_return"]["mean"] == pytest.approx(0.55)
    assert trac["mean"]["normalised_cost"]["mean"] == pytest.approx(0.85)
    assert (trac["mean"]["safe_limits"], trac["mean"]["limits"], trac["mean"]["seeds"]) == (3, 3, 2)
    cdt = metrics["cdt"]
    assert [cdt[limit]["safe"] for limit in limits_of(metrics)] == [False, True, True] and cdt["mean"]["safe"]
    assert json.loads(json.dumps(metrics, allow_nan=False)) == metrics


def test_the_best_is_safe_under_every_limit(metrics):
    assert safe_everywhere(metrics) == ["trac"] and best_safe(metrics) == "trac"
    assert safe_sentence(metrics) == (
        "1 of 3 safe methods keeps all 3 cost limits on average: TraC, with normalised reward 0.55 and cost 0.85."
    )
    unsafe = {name: one for name, one in metrics.items() if name != "trac"}
    assert best_safe(unsafe) is None
    assert safe_sentence(unsafe) == "None of 2 safe methods keeps all 3 cost limits on average."
    assert safe_sentence({}) == ""


def test_an_agent_has_to_be_run_under_every_limit_to_be_best(metrics):
    partly = {name: one for name, one in metrics["trac"].items() if name != "limit 10"}
    assert safe_everywhere({"cdt": metrics["cdt"], "trac": partly}) == []


def test_table_has_a_row_per_seed_and_limit(collection, navigation):
    table = summary.table(collection)
    assert len(table) == 3 * 2 * 3
    row = table.set_index(["agent", "seed", "limit"]).loc["trac", 1, 20.0]
    assert row["normalised_cost"] == pytest.approx(0.9) and row["cost_mean"] == pytest.approx(18)
    both = summary.table({**gather(navigation), **collection})
    assert both[both.agent == "bc"]["limit"].isna().all() and both[both.agent == "trac"]["worse_route"].isna().all()


def test_nothing_is_added_without_safe_agents(navigation):
    collection = gather(navigation)
    assert "safe" not in summary.metrics(collection, resamples=200)["navigation"]
    assert "limit" not in summary.table(collection)


def test_tasks_of_the_benchmark_use_its_constants(tmp_path: Path):
    files = [
        other_file(tmp_path, "hopper", "SafetyHopperVelocity-v1"),
        rollouts_file(tmp_path, "hopper", "trac", [0], (0.5,), (1.0,), limits=(20.0,)),
    ]
    results = gather(files)["hopper"]
    low, high = 37.052, 1911.397  # of HopperVelocity
    assert is_benchmark(results)
    expected = (-193 - low) / (high - low)
    assert safe_scores(results, results.safe_evaluations["trac"]).rewards.item() == pytest.approx(expected, abs=1e-5)


def test_other_tasks_are_scaled_by_their_own_data(tmp_path: Path):
    rollouts = rollouts_file(tmp_path, "odd", "trac", [0], (0.5,), (1.0,), limits=(20.0,))
    results = gather([other_file(tmp_path, "odd", "Odd-v0"), rollouts])["odd"]
    assert safe_scores(results, results.safe_evaluations["trac"]).rewards.item() == pytest.approx(-193 / 9)
    unknown = gather([rollouts])
    scored = summary.metrics(unknown, resamples=200)["odd"]["safe"]
    assert scored["trac"]["mean"]["normalised_return"]["mean"] is None and best_safe(scored) is None


def test_a_limit_of_nothing(tmp_path: Path):
    results = gather([rollouts_file(tmp_path, "odd", "trac", [0], (0.5,), (0.0,), limits=(0.0,))])["odd"]
    scores = safe_scores(results, results.safe_evaluations["trac"])
    assert scores.costs.item() == 1 and scores.safe == [True]


def test_headline_has_a_line_and_no_list_of_31_behaviours(collection):
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(headline(collection, summary.metrics(collection, resamples=200)))
    text = console.export_text()
    assert "safe_navigation: 1 of 3 safe methods keeps all 3 cost limits" in text
    assert "in the data" not in text and facts.seeds(collection) == "0-1"

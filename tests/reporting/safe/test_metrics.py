import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from stages.reporting import gathering, summary
from stages.reporting.data.results import Data
from stages.reporting.gathering import Collection
from stages.reporting.headline import headline
from stages.reporting.kit.metrics import plain
from stages.reporting.page import seeds
from stages.reporting.safe.metrics import SafeMetrics, safe_metrics
from stages.reporting.safe.results import Safe
from stages.reporting.safe.scores import is_benchmark, safe_scores
from stages.reporting.safe.words import outcome
from stages.reporting.sections import SOURCES
from tests.reporting.made_up_safe import other_file, rollouts_file


def gather(files):
    return gathering.gather(files, SOURCES)


@pytest.fixture(scope="module")
def collection(safe):
    return gather(safe)


@pytest.fixture(scope="module")
def metrics(collection):
    return safe_metrics(collection["safe_navigation"], resamples=200)


@pytest.fixture(scope="module")
def written(metrics):
    return plain(metrics)["safe"]


def test_scores_by_hand(collection):
    results = collection["safe_navigation"]
    scores = safe_scores(results.of(Data), results.of(Safe).evaluations["trac"])
    np.testing.assert_allclose(scores.rewards, [[0.4, 0.5, 0.6], [0.5, 0.6, 0.7]])
    np.testing.assert_allclose(scores.costs, [[0.9, 0.8, 0.7], [1.0, 0.9, 0.8]])
    np.testing.assert_allclose(scores.raw_costs, [[9, 16, 28], [10, 18, 32]])
    np.testing.assert_allclose(scores.within, 0.5)
    assert scores.safe == [True, True, True] and not is_benchmark(results.of(Data))


def test_aggregates_over_seeds_and_limits(written):
    trac = written["trac"]
    assert list(trac) == ["mean", "limit 10", "limit 20", "limit 40"]
    assert trac["limit 10"]["normalised_return"]["mean"] == pytest.approx(0.45)
    assert trac["limit 10"]["normalised_cost"] == {"mean": 0.95, "std": 0.05, "low": None, "high": None}
    assert trac["limit 10"]["cost"] == pytest.approx(9.5) and trac["limit 10"]["within_limit"] == 0.5
    assert trac["mean"]["normalised_return"]["mean"] == pytest.approx(0.55)
    assert trac["mean"]["normalised_cost"]["mean"] == pytest.approx(0.85)
    assert (trac["mean"]["safe_limits"], trac["mean"]["limits"], trac["mean"]["seeds"]) == (3, 3, 2)
    cdt = written["cdt"]
    assert [cdt[f"limit {limit}"]["safe"] for limit in (10, 20, 40)] == [False, True, True] and cdt["mean"]["safe"]
    assert json.loads(json.dumps(written, allow_nan=False)) == written


def test_the_best_is_safe_under_every_limit(metrics):
    assert metrics.safe_everywhere == ["trac"] and metrics.best == "trac"
    assert outcome(metrics) == (
        "1 of 3 safe methods keeps all 3 cost limits on average: TraC, with normalised reward 0.55 and cost 0.85."
    )
    unsafe = SafeMetrics({name: agent for name, agent in metrics.agents.items() if name != "trac"})
    assert unsafe.best is None
    assert outcome(unsafe) == "None of 2 safe methods keeps all 3 cost limits on average."


def test_an_agent_has_to_be_run_under_every_limit_to_be_best(metrics):
    trac = metrics.agents["trac"]
    partly = replace(trac, limits={limit: found for limit, found in trac.limits.items() if limit != 10})
    assert SafeMetrics({"cdt": metrics.agents["cdt"], "trac": partly}).safe_everywhere == []


def test_table_has_a_row_per_seed_and_limit(collection, navigation):
    table = summary.table(collection)
    assert len(table) == 3 * 2 * 3
    row = table.set_index(["agent", "seed", "limit"]).loc["trac", 1, 20.0]
    assert row["normalised_cost"] == pytest.approx(0.9) and row["cost_mean"] == pytest.approx(18)
    both = summary.table(Collection({**gather(navigation), **collection}))
    assert both[both.agent == "bc"]["limit"].isna().all() and both[both.agent == "trac"]["worse_route"].isna().all()


def test_nothing_is_added_without_safe_agents(navigation):
    collection = gather(navigation)
    assert "safe" not in summary.as_json(summary.metrics_of(collection, resamples=200)["navigation"])
    assert "limit" not in summary.table(collection)


def test_tasks_of_the_benchmark_use_its_constants(tmp_path: Path):
    files = [
        other_file(tmp_path, "hopper", "SafetyHopperVelocity-v1"),
        rollouts_file(tmp_path, "hopper", "trac", [0], (0.5,), (1.0,), limits=(20.0,)),
    ]
    results = gather(files)["hopper"]
    low, high = 37.052, 1911.397  # of HopperVelocity
    assert is_benchmark(results.of(Data))
    expected = (-193 - low) / (high - low)
    assert safe_scores(results.of(Data), results.of(Safe).evaluations["trac"]).rewards.item() == pytest.approx(
        expected, abs=1e-5
    )


def test_other_tasks_are_scaled_by_their_own_data(tmp_path: Path):
    rollouts = rollouts_file(tmp_path, "odd", "trac", [0], (0.5,), (1.0,), limits=(20.0,))
    results = gather([other_file(tmp_path, "odd", "Odd-v0"), rollouts])["odd"]
    scores = safe_scores(results.of(Data), results.of(Safe).evaluations["trac"])
    assert scores.rewards.item() == pytest.approx(-193 / 9)
    unknown = safe_metrics(gather([rollouts])["odd"], resamples=200)
    assert plain(unknown)["safe"]["trac"]["mean"]["normalised_return"]["mean"] is None and unknown.best is None


def test_a_limit_of_nothing(tmp_path: Path):
    results = gather([rollouts_file(tmp_path, "odd", "trac", [0], (0.5,), (0.0,), limits=(0.0,))])["odd"]
    scores = safe_scores(results.of(Data), results.of(Safe).evaluations["trac"])
    assert scores.costs.item() == 1 and scores.safe == [True]


def test_headline_has_a_line_and_no_list_of_31_behaviours(collection):
    text = headline(collection, summary.metrics_of(collection, resamples=200))
    lines = [re.split(r"\s{2,}", line.strip()) for line in text.splitlines()]
    assert lines[:3] == [
        ["safe_navigation"],
        ["safe methods that keep every limit", "1 of 3", "methods"],
        ["TraC", "0.55 / 0.85", "normalised reward / cost"],
    ]
    assert [line[0] for line in lines[3:]] == ["all episodes in the data"] and seeds(collection) == "0-1"

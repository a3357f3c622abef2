import csv
from pathlib import Path

import numpy as np
import pytest

from stages.environments.dsrl import tasks
from stages.reporting.gathering import gather
from stages.reporting.safe import published
from stages.reporting.safe.metrics import safe_metrics
from stages.reporting.safe.published import published_safe
from stages.reporting.safe.results import Safe
from stages.reporting.safe.tables import PUBLISHED, partition_table, safe_table, sources
from stages.reporting.sections import SOURCES
from tests.reporting.made_up_safe import other_file, rollouts_file

# Averages over suites as the paper prints them, reward and cost.
PRINTED = {
    ("SafetyGym", "bc_safe"): (0.34, 0.75), ("SafetyGym", "cdt"): (0.54, 1.06), ("SafetyGym", "cpq"): (0.27, 2.79),
    ("Bullet", "bc_all"): (0.64, 3.36), ("Bullet", "bc_safe"): (0.52, 0.82), ("Bullet", "cdt"): (0.68, 1.04),
    ("Bullet", "bcq_lag"): (0.74, 3.11), ("Bullet", "cpq"): (0.33, 1.12), ("Bullet", "trac"): (0.61, 0.55),
    ("MetaDrive", "bear_lag"): (0.02, 0.39), ("MetaDrive", "coptidice"): (0.58, 2.77),
    ("MetaDrive", "trac"): (0.53, 0.55),
    ("Bullet", "caps"): (0.57, 0.79), ("Bullet", "caps_sac_bc"): (0.55, 0.29),
}  # fmt: skip


@pytest.fixture(scope="module")
def results(safe):
    return gather(safe, SOURCES)["safe_navigation"]


def test_one_row_per_agent_with_unsafe_cells_marked(results):
    table = safe_table(results, safe_metrics(results, 200))
    assert table.headings == ["agent", "limit 10", "limit 20", "limit 40", "mean over limits", "safe limits"]
    assert table.rows[0][:4] == ["BC-All", "0.85 / 3.65 ✗", "0.85 / 1.85 ✗", "0.85 / 0.95"]
    assert table.rows[1] == [
        "TraC", "0.45 / 0.95", "0.55 / 0.85", "0.65 / 0.75", "0.55 ± 0.05 / 0.85 ± 0.05", "3 of 3"
    ]  # fmt: skip
    assert table.rows[2][1] == "0.55 / 1.25 ✗" and table.rows[2][-1] == "2 of 3"
    assert table.unsafe == {(0, 1), (0, 2), (0, 4), (2, 1)} and table.emphasised == {1}


def test_published_numbers_stand_beside_ours(tmp_path: Path):
    files = [other_file(tmp_path, "swimmer", "SafetySwimmerVelocity-v1")]
    for agent in ("trac", "trac_segments", "caps", "bc_frontier"):
        files.append(rollouts_file(tmp_path, "swimmer", agent, [0], (0.5,), (0.5,), limits=(20.0,)))
    results = gather(files, SOURCES)["swimmer"]
    safe = safe_metrics(results, 200)
    table = safe_table(results, safe)
    assert table.headings[-1] == PUBLISHED
    assert [row[-1] for row in table.rows] == ["0.55 / 3.21 ✗", "0.55 / 3.21 ✗", "0.43 / 1.58 ✗", "–"]
    assert table.unsafe == {(0, 4), (1, 4), (2, 4)}
    assert len(sources(results, safe)) == 2


def test_agents_may_lack_a_limit(tmp_path: Path):
    files = [
        rollouts_file(tmp_path, "odd", "trac", [0], (0.5,), (0.5,), limits=(20.0,)),
        rollouts_file(tmp_path, "odd", "cdt", [0], (0.5, 0.5), (0.5, 0.5), limits=(5.0, 20.0)),
    ]
    results = gather(files, SOURCES)["odd"]
    table = safe_table(results, safe_metrics(results, 200))
    assert table.headings[1:3] == ["limit 5", "limit 20"] and table.rows[0][1:3] == ["–", "– / 0.50"]


def test_partitions_are_told_limit_by_limit(results):
    table = partition_table(results.of(Safe).partitions)
    assert len(table.rows) == 6
    by_episode = dict(zip(table.headings, table.rows[0], strict=True))
    facts = results.of(Safe).partitions["by_episode"]
    assert by_episode["limit"] == "10" and by_episode["labels by"] == "episode"
    assert by_episode["desirable"] == f"{facts.limits[0].desirable:,}"
    assert by_episode["desirable, of episodes over the limit"] == "0.0%"
    assert dict(zip(table.headings, table.rows[3], strict=True))["desirable, of episodes over the limit"] != "0.0%"
    assert partition_table({}) is None


@pytest.mark.parametrize(("suite", "agent"), PRINTED)
def test_published_numbers_average_to_the_printed_averages(suite, agent):
    found = [published_safe(task.name, agent) for task in tasks().values() if task.suite == suite]
    rewards, costs = [printed.reward for printed in found], [printed.cost for printed in found]
    assert (np.mean(rewards), np.mean(costs)) == pytest.approx(PRINTED[suite, agent], abs=0.0056)


def test_published_numbers_are_of_known_tasks():
    with Path(published.__file__).with_suffix(".csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    theirs = {task.name for task in tasks().values() if task.suite != "Unmix"}
    assert len({(row["task"], row["agent"]) for row in rows}) == len(rows) == 38 * 8 + 13 * 2
    assert {row["task"] for row in rows} == theirs
    assert sum(float(row["cost"]) < 1 for row in rows if row["agent"] == "trac") == 34
    assert published_safe("HopperVelocity", "nobody") is None

import json
import re

import numpy as np
import pytest

from stages.reporting import summary
from stages.reporting.clusterings.matching import matched_choices, partners
from stages.reporting.clusterings.results import Clusterings
from stages.reporting.data.published import published_key
from stages.reporting.data.results import Data
from stages.reporting.gathering import gather
from stages.reporting.headline import headline
from stages.reporting.returns.results import Returns
from stages.reporting.sections import SOURCES


@pytest.fixture(scope="module")
def collection(navigation, hopper):
    return gather(navigation + hopper, SOURCES)


@pytest.fixture(scope="module")
def typed(collection):
    return summary.metrics_of(collection, resamples=200)


@pytest.fixture(scope="module")
def metrics(typed):
    return {name: summary.as_json(parts) for name, parts in typed.items()}


def test_table_has_a_row_per_agent_and_seed(collection):
    table = summary.table(collection)
    assert len(table) == 3 * 3 + 2
    row = table.set_index(["dataset", "agent", "seed"]).loc["navigation", "empo_unimproved", 1]
    assert row["worse_route"] == pytest.approx(0.2) and row["episodes"] == 10 and np.isnan(row["d4rl_score"])
    assert table[table.dataset == "hopper"]["worse_route"].isna().all()


def test_scores_by_hand(collection, metrics):
    em = metrics["navigation"]["clusters"]["em"]
    truth = collection["navigation"].of(Data).true_labels
    share = np.bincount(truth) / len(truth)
    collapsed = (len(truth) * (share**2).sum() - 1) / (len(truth) - 1)
    assert em["rand_min"] == pytest.approx(collapsed, abs=1e-4)
    assert em["rand"] == pytest.approx((2 + collapsed) / 3, abs=1e-4)
    assert em["perfect"] == pytest.approx(2 / 3, abs=1e-4)
    hopper = metrics["hopper"]["agents"]["empo"]
    assert hopper["d4rl_score"]["mean"] == pytest.approx(
        100 * (hopper["return"]["mean"] + 20.272305) / 3254.572305, abs=1e-3
    )


def test_metrics_are_plain_json(metrics):
    assert json.loads(json.dumps(metrics, allow_nan=False)) == metrics
    assert metrics["hopper"]["bound"]["value"] is None


def test_choices_are_matched_between_seeds(collection):
    results = collection["navigation"]
    em, empo = results.of(Clusterings).clusterings["em"], results.of(Returns).evaluations["empo"]
    np.testing.assert_array_equal(partners(results, em)[[0, 2]], [[1, 0], [1, 0]])
    matched = matched_choices(results, empo, em)
    np.testing.assert_array_equal(matched[0, :, 0], 1)
    np.testing.assert_array_equal(matched[0, :, 0], matched[2, :, 0])


def test_headline_names_every_number_with_its_unit(collection, typed):
    lines = headline(collection, typed).splitlines()
    rows = [re.split(r"\s{2,}", line.strip()) for line in lines]
    cells = {(row[0], *row[2:]) for row in rows}
    assert ("EMPO before improvement", "return", "worse route 20.0%") in cells
    assert ("EMPO", "D4RL score", "paper: 110.2") in cells and ("expert in the data", "D4RL score") in cells
    assert ("clusters by EM", "Rand index", "perfect on 2 of 3 seeds") in cells
    assert ["best stitching of the behaviours", "-377.0 to -369.0", "return", "estimate by size of cells"] in rows
    assert [line for line in lines if not line.startswith(" ")] == ["navigation", "", "hopper"]
    assert all(line == line.rstrip() and len(line) <= 100 for line in lines)


def test_papers_datasets_are_recognised(collection):
    assert published_key(collection["hopper"]) == "hopper-medium-expert"
    assert published_key(collection["navigation"]) == "navigation"

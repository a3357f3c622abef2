from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from stages.reporting.data.results import Data
from stages.reporting.gathering import gather
from stages.reporting.safe.metrics import safe_metrics
from stages.reporting.safe.words import best_cost, sentences, simple_does
from stages.reporting.sections import SOURCES
from tests.reporting.made_up_safe import other_file, rollouts_file
from tests.synthetic import make_episodes

LIMITS = (20.0, 40.0)


def metrics_of(folder: Path, simple: tuple[float, float], elaborate: tuple[float, float]):
    """Of agents with a normalised reward and cost each, under all limits alike."""
    files = [other_file(folder, "odd", "Odd-v0")]
    for agent, (reward, cost) in (("bc_frontier", simple), ("trac", elaborate)):
        files.append(rollouts_file(folder, "odd", agent, [0], (reward,) * 2, (cost,) * 2, limits=LIMITS))
    results = gather(files, SOURCES)["odd"]
    return results.of(Data), safe_metrics(results, 100)


@pytest.mark.parametrize(
    ("simple", "elaborate", "does"),
    [((0.5, 0.5), (0.5, 0.8), True), ((0.5, 0.5), (0.9, 1.5), True), ((0.4, 0.5), (0.5, 0.5), False)],
)
def test_simple_cloning_is_named_where_it_does(tmp_path: Path, simple, elaborate, does):
    data, metrics = metrics_of(tmp_path, simple, elaborate)
    assert simple_does(metrics) == does
    text = " ".join(sentences(data, metrics))
    assert ("BC-Frontier, which clones" in text) == does and text.startswith(("1 of 2", "2 of 2"))


def test_limits_that_test_nothing_are_named(tmp_path: Path):
    data, metrics = metrics_of(tmp_path, (0.5, 0.5), (0.5, 0.5))
    assert best_cost(data) == 90 and "hardly test" not in " ".join(sentences(data, metrics))
    cheap = Data(replace(data.dataset, costs=data.dataset.costs / 10))
    assert "best return costs 9.0, less than every limit" in " ".join(sentences(cheap, metrics))


def test_the_cheapest_of_the_best_counts():
    dataset = replace(make_episodes([1, 1, 1]), rewards=np.array([1, 2, 2], dtype=np.float32))
    assert best_cost(Data(replace(dataset, costs=np.array([0, 7, 5], dtype=np.float32)))) == 5
    assert best_cost(Data(dataset)) is None

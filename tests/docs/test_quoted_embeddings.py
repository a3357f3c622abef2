"""Probes and imitators as pages quote them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from stages.artifacts import save_arrays
from stages.formats.native import write_native
from stages.quoting import embeddings, imitations
from tests.synthetic import make_episodes


def probes(path: Path, seeds: list[int], accuracy: list[float], within: list[float | None]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    scores = {
        "linear: level accuracy": accuracy,
        "linear: return R2 within levels": within,
        "mlp: level accuracy": accuracy,
    }
    path.write_text(json.dumps({"seeds": seeds, "method": "vte", "remarks": [], "scores": scores}))


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Two blocks of VTE's seeds and one of the summary's."""
    folder = tmp_path / "results"
    probes(folder / "probes/robot/vte/seeds-0-1.json", [0, 1], [0.9, 1.0], [0.2, 0.4])
    probes(folder / "probes/robot/vte/seeds-2-2.json", [2], [0.95], [0.3])
    probes(folder / "probes/robot/summary/seeds-0-0.json", [0], [1.0], [None])
    return folder


def test_blocks_of_seeds_are_joined_and_what_was_not_judged_is_empty(results: Path) -> None:
    rows = {(row.embedding, row.probe): row for row in embeddings.take(results, ["robot", "absent"])}
    vte = rows["vte", "linear: level accuracy"]
    assert (vte.seeds, vte.mean) == (3, 0.95)
    assert vte.low is not None and vte.high is not None
    half = 4.302653 * 0.05 / np.sqrt(3)  # Student's t of two degrees of freedom
    np.testing.assert_allclose([vte.low, vte.high], [0.95 - half, 0.95 + half], atol=1e-3)
    assert rows["summary", "linear: level accuracy"].low is None
    assert ("vte", "mlp: level accuracy") not in rows


def test_a_line_per_embedding(results: Path) -> None:
    table = embeddings.table(embeddings.take(results, ["robot"]), "robot").splitlines()
    assert table[0] == "| | levels | within levels, R2 |"
    assert table[2] == "| summary statistics | 1.00 | - |"
    assert table[3].startswith("| VTE | .95 ± .12 | .30 ± .25 |")


def test_returns_of_held_out_policies_have_columns_where_there_are_some(tmp_path: Path) -> None:
    path = tmp_path / "results/probes/pairs/vte/seeds-0-0.json"
    path.parent.mkdir(parents=True)
    scores = {"linear: level accuracy": [1.0], "linear: held-out policies: return R2": [0.5]}
    path.write_text(json.dumps({"seeds": [0], "method": "vte", "remarks": [], "scores": scores}))
    table = embeddings.table(embeddings.take(tmp_path / "results", ["pairs"]), "pairs").splitlines()
    assert table[0] == "| | levels | returns of held-out policies, R2 |" and table[2] == "| VTE | 1.00 | .50 |"


def test_gaps_are_relative_to_the_returns_of_levels(tmp_path: Path) -> None:
    episodes = make_episodes([2, 2, 2, 2])
    episodes = replace(
        episodes,
        rewards=np.repeat(np.array([1, 1, 2, 2], dtype=np.float32), 2),
        behaviour_policy=np.array([0, 0, 1, 1]),
        behaviour_policy_names=("low", "high"),
    )
    write_native(tmp_path / "data/generated/robot.hdf5", episodes)
    returns = np.array([[[2.0, 2.0], [3.0, 3.0]]])  # of levels that earn 2 and 4
    place = tmp_path / "results/imitation/robot/by_vte/seeds-0-0.npz"
    place.parent.mkdir(parents=True)
    save_arrays(place, {"seeds": np.array([0]), "cluster_returns": returns})
    (row,) = imitations.take(tmp_path / "results", [])
    assert row == imitations.Row("robot", "by_vte", 1, 0.125, None, None)
    assert imitations.table([row], "").splitlines()[2] == "| told VTE | 12 % |"

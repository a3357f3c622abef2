"""Reading params files, and what follows from their entries alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stages.errors import UserError
from stages.params.schema import SeedRange, load
from tests.params.written import recipes


def test_a_mistake_in_an_overlay_names_the_overlay(tmp_path: Path, params: dict[str, Any]) -> None:
    with pytest.raises(UserError, match=r"overlay0.yaml: seeds.count: "):
        recipes(tmp_path, params, {"seeds": {"count": -1}})
    with pytest.raises(UserError, match=r"overlay0.yaml: evaluate.episods: unknown key. Did you mean 'episodes'"):
        recipes(tmp_path, params, {"evaluate": {"episods": 1}})


@pytest.mark.parametrize(("text", "said"), [("a: [1", "not YAML"), ("- a", "should hold `key: value` lines")])
def test_a_file_that_is_not_params_is_refused_in_one_line(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "params.yaml").write_text(text)
    with pytest.raises(UserError, match=said) as caught:
        load([tmp_path / "params.yaml"])
    assert "\n" not in str(caught.value)
    with pytest.raises(UserError, match="no such file"):
        load([tmp_path / "absent.yaml"])


@pytest.mark.parametrize(
    ("seeds", "blocks"),
    [
        (SeedRange(first=0, count=10, block=5), ["0-4", "5-9"]),
        (SeedRange(first=0, count=15, block=5), ["0-4", "5-9", "10-14"]),
        (SeedRange(first=3, count=4, block=3), ["3-5", "6-6"]),
        (SeedRange(first=0, count=2, block=1), ["0-0", "1-1"]),
    ],
)
def test_seeds_are_cut_into_blocks(seeds: SeedRange, blocks: list[str]) -> None:
    assert seeds.blocks == blocks


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"seeds": {"count": True}}, r"seeds.count: should be a number, not true"),
        (
            {"evaluate": {"in_distribution_ratio": False}},
            r"evaluate.in_distribution_ratio: should be a number, not false",
        ),
        ({"train_critics": {"discount": True}}, r"train_critics.discount: should be a number, not true"),
        ({"cluster_trajectories": {"em": {"num_clusters": True}}}, r"em.num_clusters: should be a number, not true"),
        ({"seeds": {"count": 10**12}}, r"seeds.count: should be less than or equal to 10000"),
    ],
)
def test_numbers_are_numbers(tmp_path: Path, params: dict[str, Any], values: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError, match=said):
        recipes(tmp_path, params, values)


def test_true_and_false_stay_what_they_are(tmp_path: Path, params: dict[str, Any]) -> None:
    for value in (True, False):
        made = recipes(tmp_path, params, {"train_critics": {"continue_truncated": value}})
        assert made.params.train_critics["continue_truncated"] is value

"""Names that become names of files, and values that grids try."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from stages.errors import UserError
from stages.params.schema import load
from stages.params.spelling import problem, suggestion

ODD = ["my data", "a/b", "run {1}", "it's", "café", "-x", ".", "..", "x.", ".hidden", "a\nb", "$HOME", "*", "a\\b", "",
       "con", "NUL.x", "lpt1", 101 * "x", "a:b", "Ω", "a\u0301", "\u202ea", "x;y", "~"]  # fmt: skip
PLAIN = ["hopper-medium-v2", "2024", "no", "a.b_c", "A", "x" * 100, "console"]


@pytest.mark.parametrize("name", ODD)
def test_odd_names_are_refused_and_better_than_those_suggested(name: str) -> None:
    assert problem(name)
    assert not suggestion(name) or not problem(suggestion(name))


@pytest.mark.parametrize("name", PLAIN)
def test_plain_names_are_accepted(name: str) -> None:
    assert problem(name) == ""


@given(st.text(max_size=130))
def test_accepted_names_are_safe_in_files_shells_and_patterns(name: str) -> None:
    if not problem(name):
        assert shlex.quote(name) == name and Path(f"data/{name}.hdf5").parts == ("data", f"{name}.hdf5")
        assert len(name.encode()) <= 100 and not re.search(r"[{}*?\[\]]", name) and not name.startswith("-")
    elif plain := suggestion(name):
        assert problem(plain) == ""


def refusal(folder: Path, values: dict[str, Any]) -> str:
    generated = {"generate": {"method": "navigation"}}
    (folder / "params.yaml").write_text(yaml.safe_dump({"datasets": {"x": generated}} | values, allow_unicode=True))
    with pytest.raises(UserError) as caught:
        load([folder / "params.yaml"])
    assert "\n" not in str(caught.value)
    return str(caught.value).replace(f"{folder}/", "")


@pytest.mark.parametrize("block", ["datasets", "agents", "cluster_trajectories", "train_offline", "train_behaviours"])
def test_a_name_is_refused_where_it_is_given(tmp_path: Path, block: str) -> None:
    value = {"agents": {"offline": "bc"}, "datasets": {"generate": {"method": "navigation"}}}.get(block, {"a": 1})
    rule = "is no name of a file: use letters a-z, digits and, after the first, _ . -"
    assert refusal(tmp_path, {block: {"my data": value}}) == f"params.yaml: {block}.my data: {rule}. Call it my-data"
    assert refusal(tmp_path, {block: {"a\nb": value}}) == f"params.yaml: {block}: 'a\\nb': {rule}. Call it a-b"
    said = refusal(tmp_path, {block: {"Mine": value, "mine": value}})
    assert said.startswith(f"params.yaml: {block}.mine: differs from Mine in case alone")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([0.001, "1e-3"], "the value 0.001 is there twice. Keep one of them"),
        ([1, 1.0], "the value 1.0 is there twice"),
        ([None, "null"], "the value null is there twice"),
        ([[64, 64]], "the value [64, 64] cannot be part of a file's name"),
        (["a/b"], "the value 'a/b' cannot be part of a file's name"),
    ],
)
def test_values_to_try_are_different_and_plain(tmp_path: Path, values: list[Any], said: str) -> None:
    grid = {"base": "em", "vary": {"learning_rate": values}}
    assert refusal(tmp_path, {"ablation": grid}).startswith(f"params.yaml: ablation.vary.learning_rate: {said}")
    study = {"shares": {"base": "trac", "vary_partition": {"x": values}}}
    assert refusal(tmp_path, {"safe_studies": study}).startswith(
        f"params.yaml: safe_studies.shares.vary_partition.x: {said}"
    )


def test_true_is_not_one(tmp_path: Path) -> None:
    grid = {"base": "em", "vary": {"x": [True, 1, False, 0, None, -1, "a"]}}
    generated = {"x": {"generate": {"method": "navigation"}}}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump({"datasets": generated, "ablation": grid}))
    assert len(load([tmp_path / "params.yaml"])[0].ablation.recipes) == 7

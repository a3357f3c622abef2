"""Whole-number actions: choices or amounts, and which numbers there are to choose from."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.errors import UserError
from stages.formats.importing import ImportSettings, import_files
from stages.formats.minari.reading import MinariFormat
from tests.formats.recording import STEPS, recording, written
from tests.synthetic import make_episodes

AMOUNTS = np.rint(30 + 10 * recording()["actions"][:, :1])
CHOICES = np.arange(STEPS) % 3


def imported(folder: Path, stored: np.ndarray, attributes: dict | None = None, **settings: object):
    path = written(folder / "a.hdf5", recording() | {"actions": stored}, **(attributes or {}))
    dataset, (report,) = import_files([path], ImportSettings(**settings))
    return dataset, report


@pytest.mark.parametrize("dtype", ["i1", "u1", "i4", "i8", "u8"])
@pytest.mark.parametrize("shape", [(STEPS,), (STEPS, 1)])
def test_whole_numbers_are_choices_unless_said_otherwise(tmp_path: Path, dtype: str, shape: tuple[int, ...]) -> None:
    dataset, report = imported(tmp_path, CHOICES.astype(dtype).reshape(shape))
    assert dataset.num_actions == 3 and dataset.actions.tolist() == CHOICES.tolist()
    assert "Use the setting actions: continuous if they are amounts" in str(report)
    dataset, report = imported(tmp_path, AMOUNTS.astype(dtype).reshape(shape), actions="continuous")
    assert dataset.num_actions is None and dataset.actions.dtype == np.float32
    np.testing.assert_array_equal(dataset.actions, AMOUNTS)
    assert "num-actions" not in str(report)


@pytest.mark.parametrize("shape", [(STEPS,), (STEPS, 1)])
def test_numbers_with_a_point_are_amounts_unless_said_otherwise(tmp_path: Path, shape: tuple[int, ...]) -> None:
    dataset, _ = imported(tmp_path, CHOICES.astype(np.float64).reshape(shape), actions="choices")
    assert dataset.num_actions == 3 and dataset.actions.dtype == np.int64
    dataset, _ = imported(tmp_path, AMOUNTS.reshape(shape), actions="continuous")
    np.testing.assert_array_equal(dataset.actions, AMOUNTS)
    with pytest.raises(UserError, match=r"actions: are not whole numbers. Leave out the setting actions: choices"):
        imported(tmp_path, CHOICES.reshape(shape) + 0.5, actions="choices")


def test_a_float_column_is_a_vector(tmp_path: Path) -> None:
    dataset, _ = imported(tmp_path, AMOUNTS)
    np.testing.assert_array_equal(dataset.actions, AMOUNTS)


def test_yes_and_no_are_two_actions(tmp_path: Path) -> None:
    dataset, report = imported(tmp_path, CHOICES == 1)
    assert dataset.num_actions == 2 and dataset.actions.tolist() == (CHOICES == 1).tolist()
    assert "num-actions" in str(report)


def test_negative_numbers_are_refused_with_both_remedies(tmp_path: Path) -> None:
    with pytest.raises(
        UserError, match=r"numbers from -1 to 1, .*Count actions from 0. .*actions: continuous if they are"
    ):
        imported(tmp_path, CHOICES - 1)
    dataset, _ = imported(tmp_path, CHOICES - 1, actions="continuous")
    assert dataset.actions[:, 0].tolist() == (CHOICES - 1).tolist()
    dataset, _ = imported(tmp_path, CHOICES - 1, actions="choices")
    assert dataset.num_actions == 3 and dataset.actions.tolist() == CHOICES.tolist()


@pytest.mark.parametrize("numbers", [[0, 2, 3], [17, 123_456, 2_000_000], [5, 6, 7], [2**40, 2**41, 2**62]])
def test_what_occurs_decides_how_many_there_are(tmp_path: Path, numbers: list[int]) -> None:
    dataset, report = imported(tmp_path, np.array(numbers)[CHOICES])
    assert dataset.num_actions == 3 and dataset.actions.tolist() == CHOICES.tolist()
    assert json.loads(dataset.attributes["action_numbers"]) == numbers
    shown = ", ".join(map(str, numbers))
    assert f"3 different numbers occur ({shown}): numbered 0 to 2 in this order" in str(report)


def test_whole_numbers_that_are_stored_as_amounts_are_told(tmp_path: Path) -> None:
    stored = CHOICES.astype(np.float32)[:, None]
    dataset, report = imported(tmp_path, stored)
    assert dataset.num_actions is None and "whole numbers from 0 to 2, taken as amounts" in str(report)
    for meant in "continuous", "choices":
        assert "taken as amounts" not in str(imported(tmp_path, stored, actions=meant)[1])
    with pytest.raises(UserError, match="Use the setting actions: choices"):
        imported(tmp_path, stored[:, 0])


@given(st.lists(st.integers(-(2**62), 2**62), min_size=1, max_size=20))
def test_the_order_of_the_numbers_is_kept(tmp_path_factory, numbers: list[int]) -> None:
    actions = np.resize(np.array(numbers), STEPS)
    dataset, _ = imported(tmp_path_factory.mktemp("actions"), actions, actions="choices")
    back = np.array(json.loads(dataset.attributes.get("action_numbers", "null")) or np.arange(dataset.num_actions))
    np.testing.assert_array_equal(back[dataset.actions], actions)


def test_numbers_without_gaps_stay_and_so_do_stated_ones(tmp_path: Path) -> None:
    dataset, report = imported(tmp_path, CHOICES)
    assert "action_numbers" not in dataset.attributes and "action-gaps" not in str(report)
    dataset, report = imported(tmp_path, np.array([0, 2, 3])[CHOICES], attributes={"num_actions": 5})
    assert dataset.num_actions == 5 and set(dataset.actions) == {0, 2, 3}
    with pytest.raises(UserError, match="numbers from 0 to 3, there are 3 actions to choose from"):
        imported(tmp_path, np.array([0, 2, 3])[CHOICES], attributes={"num_actions": 3})


def test_joined_files_are_numbered_together(tmp_path: Path) -> None:
    parts = {"a": np.array([0, 4])[CHOICES % 2], "b": np.array([2, 4])[CHOICES % 2]}
    files = [written(tmp_path / f"{name}.hdf5", recording() | {"actions": part}) for name, part in parts.items()]
    dataset, _ = import_files(files, ImportSettings())
    assert dataset.num_actions == 3 and json.loads(dataset.attributes["action_numbers"]) == [0, 2, 4]
    assert set(dataset.actions[:STEPS]) == {0, 2} and set(dataset.actions[STEPS:]) == {1, 2}


def test_minaris_spaces_say_it_themselves(tmp_path: Path) -> None:
    MinariFormat().write(tmp_path / "mine-v0", make_episodes([4, 5]))
    with pytest.raises(UserError, match="action_space: the setting actions: choices is not what the space says"):
        import_files([tmp_path / "mine-v0"], ImportSettings(actions="choices"))
    assert import_files([tmp_path / "mine-v0"], ImportSettings(actions="continuous"))[0].num_actions is None

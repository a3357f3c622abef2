"""Columns that float32 cannot hold are told, with what keeps them; sound ones are left in peace."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.errors import UserError
from stages.formats.importing import ImportSettings, import_files
from stages.formats.minari.reading import MinariFormat
from stages.formats.precision import lost
from tests.formats.recording import recording, written
from tests.synthetic import make_episodes

SIGNAL = np.random.default_rng(1).standard_normal(240)
COLUMNS = {
    "clock": 1_764_000_000.0 + 0.05 * np.arange(240),
    "position": 5_000_000.0 + 0.02 * SIGNAL,
    "milliseconds": (1_764_000_000_000 + 50 * np.arange(240)).astype(np.int64),
    "below zero": -3e8 + SIGNAL,
}


def with_column(column: np.ndarray) -> dict[str, np.ndarray]:
    arrays = recording()
    following = np.append(column[1:], column[-1:])
    arrays["observations"] = np.column_stack([arrays["observations"].astype(np.float64), column])
    arrays["next_observations"] = np.column_stack([arrays["next_observations"].astype(np.float64), following])
    return arrays


@pytest.mark.parametrize("name", COLUMNS)
@pytest.mark.parametrize("suffix", ["hdf5", "npz"])
def test_the_loss_is_told_and_the_remedies_work(tmp_path: Path, name: str, suffix: str) -> None:
    column = COLUMNS[name].astype(np.float64)
    path = written(tmp_path / f"mine.{suffix}", with_column(column))
    with pytest.raises(UserError, match=r"observations: column 4: of 2\d\d different numbers float32 keeps") as error:
        import_files([path], ImportSettings())
    offset = float(str(error.value).partition("offsets: {4: ")[2].partition("}")[0])
    assert "leave_out: [4] if nothing depends on it" in str(error.value)
    kept, _ = import_files([path], ImportSettings(offsets={4: offset}))
    exact = column - offset
    assert np.abs(kept.observations[:, 4] - exact).max() < 1e-4 * exact.std()
    assert np.abs(kept.next_observations[:-1, 4] - exact[1:]).max() < 1e-4 * exact.std()
    np.testing.assert_array_equal(kept.observations[:, :4], recording()["observations"])
    assert kept.attributes["import_offsets"] == f'{{"4": {offset!r}}}'
    without, _ = import_files([path], ImportSettings(leave_out=[4]))
    np.testing.assert_array_equal(without.observations, recording()["observations"])
    np.testing.assert_array_equal(without.next_observations, recording()["next_observations"])
    as_it_is, (report,) = import_files([path], ImportSettings(offsets={4: 0}))
    assert as_it_is.observations.shape[1] == 5
    assert "column 4: of 240 different numbers float32 keeps" in str(report) and "import_offsets" in as_it_is.attributes


def test_actions_and_rewards_are_looked_at_too(tmp_path: Path) -> None:
    arrays = recording()
    far = arrays | {"actions": arrays["actions"].astype(np.float64) * 1e-3 + 1e6}
    with pytest.raises(UserError, match=r"actions: column 0: of 240 .* Subtract 1e\+06 before storing them"):
        import_files([written(tmp_path / "a.hdf5", far)], ImportSettings())
    far = arrays | {"rewards": arrays["rewards"].astype(np.float64) * 1e-3 + 1e6}
    _, (report,) = import_files([written(tmp_path / "b.hdf5", far)], ImportSettings())
    assert [note.place for note in report.notes if "different numbers" in note.cause] == ["rewards"]


@pytest.mark.parametrize(
    "column",
    [
        SIGNAL,
        1e12 * SIGNAL,
        1e-12 * SIGNAL,
        np.full(240, 1_764_000_000.3),  # Constant: there is nothing to lose.
        9.81 + 1e-13 * SIGNAL,  # Noise of 64-bit arithmetic.
        np.repeat([1e9, 2e9, 3e9], 80),
        100 + SIGNAL,
        np.exp(-np.arange(240.0)),  # Comes to rest, in ever smaller steps.
        np.arange(240),
    ],
)
def test_sound_columns_are_left_in_peace(tmp_path: Path, column: np.ndarray) -> None:
    dataset, (report,) = import_files([written(tmp_path / "a.hdf5", with_column(column))], ImportSettings())
    np.testing.assert_array_equal(dataset.observations[:, 4], column.astype(np.float32))
    assert not any("different numbers" in note.cause for note in report.notes)


@given(st.integers(-20, 20), st.integers(0, 14), st.booleans())
def test_units_decide_nothing(exponent: int, digits: int, negative: bool) -> None:
    """A column's loss depends on how far it is from 0 in its own widths, whatever its unit."""
    unit = 10.0**exponent * (-1 if negative else 1)
    values = (SIGNAL[:, None] + 10.0**digits) * unit
    found = lost(values)
    assert bool(found) == (5 <= digits <= 10), (digits, found)
    if found:
        before, after, offset = found[0]
        assert after < before == 240
        assert abs(np.median(values) - float(offset)) <= 1000 * np.abs(values - np.median(values)).max()


@pytest.mark.parametrize("unit", [1e-300, 1e-60])
def test_numbers_that_vanish_in_float32_are_told(tmp_path: Path, unit: float) -> None:
    arrays = recording()
    path = written(tmp_path / "a.hdf5", arrays | {"rewards": unit * arrays["rewards"].astype(np.float64)})
    _, (report,) = import_files([path], ImportSettings())
    assert "of 240 different numbers float32 keeps 1" in [note.cause for note in report.notes]


@pytest.mark.parametrize("settings", [{"offsets": {5: 1.0}}, {"leave_out": [5]}, {"leave_out": [-1]}])
def test_columns_that_are_not_there_are_refused(tmp_path: Path, settings: dict) -> None:
    path = written(tmp_path / "a.hdf5", recording())
    with pytest.raises(UserError, match=r"observations: there is no column -?[15], they are 0 to 3"):
        import_files([path], ImportSettings(**settings))


def test_an_environments_observations_stay_as_they_are(tmp_path: Path) -> None:
    arrays = recording() | {key: recording()[key][:, :2] for key in ("observations", "next_observations")}
    path = written(tmp_path / "a.hdf5", arrays)
    with pytest.raises(UserError, match="make other observations than navigation gives to agents"):
        import_files([path], ImportSettings(environment="navigation", offsets={0: 1.0}))


def test_minaris_observations_are_held_alike(tmp_path: Path) -> None:
    MinariFormat().write(tmp_path / "mine-v0", replace(make_episodes([30, 20]), environment=""))
    with h5py.File(tmp_path / "mine-v0/data/main_data.hdf5", "a") as file:
        for episode in file.values():
            values = episode["observations"][()].astype(np.float64)
            del episode["observations"]
            episode["observations"] = values * [1, 1e-2, 1] + [0, 5e6, 0]
    with pytest.raises(UserError, match=r"observations: column 1: of 52 different .* offsets: \{1: 5e\+06\}"):
        import_files([tmp_path / "mine-v0"], ImportSettings())
    original = make_episodes([30, 20]).observations
    dataset, _ = import_files([tmp_path / "mine-v0"], ImportSettings(offsets={1: 5e6}, leave_out=[0]))
    np.testing.assert_allclose(dataset.observations, original[:, 1:] * np.float32([1e-2, 1]), rtol=1e-4, atol=1e-8)
    with pytest.raises(UserError, match="observations: there is no column 7, they are 0 to 2"):
        import_files([tmp_path / "mine-v0"], ImportSettings(leave_out=[7]))

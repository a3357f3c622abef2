"""Finite numbers that are hardly meant are told with row and column, whatever the units."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.errors import UserError
from stages.formats.importing import ImportSettings, import_files
from stages.formats.wild_values import usual_range
from tests.formats.recording import STEPS, recording, written


def wild_notes(path: Path) -> list[tuple[str, str]]:
    _, (report,) = import_files([path], ImportSettings())
    return [(note.place, note.cause) for note in report.notes if note.rule == "wild-value"]


def spoiled(key: str, index: tuple[int, ...], value: float, unit: float = 1.0) -> dict[str, np.ndarray]:
    arrays = recording()
    arrays[key] = (unit * arrays[key]).astype(np.float32)
    arrays[key][index] = value * unit
    return arrays


@given(st.integers(-9, 9), st.sampled_from([1e4, -1e4, 1e8]), st.integers(0, STEPS - 1), st.integers(0, 1))
def test_row_and_column_are_told_in_any_unit(tmp_path_factory, exponent: int, value: float, row: int, col: int) -> None:
    unit = 10.0**exponent
    path = tmp_path_factory.mktemp("wild") / "a.hdf5"
    for key in ("observations", "actions"):
        ((place, cause),) = wild_notes(written(path, spoiled(key, (row, col), value, unit)))
        assert place == f"{key}, column {col}, row {row}"
        assert cause.startswith(f"{np.float32(value * unit):.6g}, all others lie between -")


def test_rewards_and_costs_have_rows_alone(tmp_path: Path) -> None:
    path = written(tmp_path / "a.hdf5", spoiled("rewards", (77,), 1e4))
    assert [place for place, _ in wild_notes(path)] == ["rewards, row 77"]
    costs = np.where(np.arange(STEPS) % 10, 0, 1).astype(np.float32)
    costs[5] = 1e4
    path = written(tmp_path / "b.hdf5", recording() | {"costs": costs})
    assert [place for place, _ in wild_notes(path)] == ["costs, row 5"]


@pytest.mark.parametrize("key", ["observations", "actions", "rewards", "next_observations"])
@pytest.mark.parametrize("value", [1e30, -1e30, 3.4e38, 2e19])
def test_what_cannot_be_squared_is_refused(tmp_path: Path, key: str, value: float) -> None:
    index = (33,) if key == "rewards" else (33, 1)
    path = written(tmp_path / "a.hdf5", spoiled(key, index, value))
    with pytest.raises(UserError, match=f"{key}: up to .*, whose square is infinite in float32, in row 33. Leave such"):
        import_files([path], ImportSettings())


@pytest.mark.parametrize("key", ["observations", "actions"])
def test_numbers_that_are_none_are_not_called_too_large(tmp_path: Path, key: str) -> None:
    arrays = recording()
    arrays[key] = arrays[key].astype(np.float64)
    arrays[key][33, 0] = np.nan
    with pytest.raises(UserError, match=rf"{key}: .*(NaN|infinite)") as refused:
        import_files([written(tmp_path / "a.hdf5", arrays)], ImportSettings())
    assert "cannot hold" not in str(refused.value)


@pytest.mark.parametrize("key", ["observations", "actions", "rewards"])
def test_finite_numbers_beyond_float32_are_not_called_infinite(tmp_path: Path, key: str) -> None:
    arrays = recording()
    arrays[key] = arrays[key].astype(np.float64)
    arrays[key][33] = 1e300
    path = written(tmp_path / "a.hdf5", arrays)
    with pytest.raises(UserError, match=rf"{key}: up to 1e\+300, which float32 cannot hold, in row 33"):
        import_files([path], ImportSettings())


@pytest.mark.parametrize("key", ["observations", "actions", "rewards"])
def test_what_is_too_small_to_be_squared_is_refused(tmp_path: Path, key: str) -> None:
    arrays = recording()
    arrays[key] *= 1e-30
    if key == "observations":
        arrays["next_observations"] *= 1e-30
    with pytest.raises(UserError, match=f"{key}: no number is larger than .*e-.*, whose square is 0 in float32"):
        import_files([written(tmp_path / "a.hdf5", arrays)], ImportSettings())


@pytest.mark.parametrize("key", ["observations", "actions"])
def test_numbers_that_never_vary_are_told(tmp_path: Path, key: str) -> None:
    arrays = recording()
    arrays[key][:] = 1
    _, (report,) = import_files([written(tmp_path / "a.hdf5", arrays)], ImportSettings())
    assert ("all-alike", key) in [(note.rule, note.place) for note in report.notes]


@given(st.sampled_from(["normal", "uniform", "cubed", "counts", "constant", "rare"]), st.integers(0, 50))
def test_usual_values_are_not_told(kind: str, seed: int) -> None:
    random = np.random.default_rng(seed)
    normal = random.standard_normal((1000, 1))
    values = {
        "normal": normal,
        "uniform": random.uniform(-1, 1, (1000, 1)),
        "cubed": normal**3,  # Tails as of speeds in contacts.
        "counts": random.poisson(0.1, (1000, 1)),
        "constant": np.full((1000, 1), 3.0),
        "rare": (random.random((1000, 1)) < 0.003).astype(float),
    }[kind].astype(np.float32)
    low, high = usual_range(values)
    assert ((values >= low) & (values <= high)).all()


def test_several_are_counted(tmp_path: Path) -> None:
    arrays = recording()
    arrays["observations"][[3, 90], 2] = 1e5
    ((place, cause),) = wild_notes(written(tmp_path / "a.hdf5", arrays))
    assert place == "observations, column 2, row 3" and "1e+05 and 1 more rows, all others" in cause.replace(
        "100000", "1e+05"
    )

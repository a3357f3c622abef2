"""Ends of episodes under the names of other libraries, and ends that are hardly meant."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.errors import UserError
from stages.formats.end_names import ENDS, TERMINALS, TIMEOUTS, end_names, split_ends
from stages.formats.importing import ImportSettings, import_files
from stages.formats.report import Report
from tests.formats.recording import LENGTH, STEPS, recording, written

NUM_EPISODES = STEPS // LENGTH


def renamed(**names: str | None) -> dict[str, np.ndarray]:
    """The recording with arrays under other names; None leaves one out."""
    kept = {names.get(key, key): values for key, values in recording().items()}
    kept.pop(None, None)
    return kept


@pytest.mark.parametrize("suffix", ["hdf5", "npz"])
@pytest.mark.parametrize("name", [*TIMEOUTS, *ENDS])
@pytest.mark.parametrize("successors", [True, False])
def test_ends_are_found_under_every_name(tmp_path: Path, suffix: str, name: str, successors: bool) -> None:
    left_out = {} if successors else {"next_observations": None}
    path = written(tmp_path / f"a.{suffix}", renamed(timeouts=name, **left_out))
    dataset, _ = import_files([path], ImportSettings())
    assert dataset.episode_lengths.tolist() == [LENGTH - (not successors)] * NUM_EPISODES
    assert not dataset.terminations.any()


@pytest.mark.parametrize("name", TERMINALS)
def test_terminals_are_found_under_every_name(tmp_path: Path, name: str) -> None:
    arrays = recording()
    arrays["terminals"][2 * LENGTH - 1] = True
    arrays["timeouts"][2 * LENGTH - 1] = False
    arrays[name] = arrays.pop("terminals")
    dataset, (report,) = import_files([written(tmp_path / "a.hdf5", arrays)], ImportSettings())
    assert np.flatnonzero(dataset.terminations).tolist() == [2 * LENGTH - 1]
    assert dataset.num_episodes == NUM_EPISODES and report.notes == []


@pytest.mark.parametrize("name", ENDS)
def test_ends_alone_are_timeouts_and_it_is_told(tmp_path: Path, name: str) -> None:
    path = written(tmp_path / "a.hdf5", renamed(terminals=None, timeouts=name))
    dataset, (report,) = import_files([path], ImportSettings())
    assert dataset.num_episodes == NUM_EPISODES and not dataset.terminations.any()
    assert {"missing-terminals", "other-ends"} <= {note.rule for note in report.notes}


@given(st.lists(st.sampled_from(["go on", "terminal", "other"]), min_size=1, max_size=30))
def test_ends_and_terminals_give_timeouts(kinds: list[str]) -> None:
    terminals = np.array([kind == "terminal" for kind in kinds])
    ends = np.array([kind != "go on" for kind in kinds])
    arrays = {"terminals": terminals.copy(), "ends": ends, "rewards": np.zeros(len(kinds))}
    report = Report("a")
    split_ends(arrays, end_names({"terminals": 0, "dones": 0}), report)
    others = ends & ~terminals
    np.testing.assert_array_equal(arrays["terminals"], terminals)
    assert ("timeouts" in arrays) == others.any() == bool(report.notes) and "ends" not in arrays
    np.testing.assert_array_equal(arrays.get("timeouts", np.zeros_like(ends)), others)


def test_under_independent_names_the_termination_counts(tmp_path: Path) -> None:
    arrays = recording()
    arrays["terminals"][LENGTH - 1] = True
    for names, terminated in (({}, False), ({"timeouts": "truncations", "terminals": "terminations"}, True)):
        both = {names.get(key, key): values for key, values in arrays.items()}
        dataset, _ = import_files([written(tmp_path / "a.hdf5", both)], ImportSettings())
        assert dataset.terminations[LENGTH - 1] == terminated


def test_d4rls_names_come_first() -> None:
    everything = dict.fromkeys([*TERMINALS, *TIMEOUTS, *ENDS])
    assert end_names(everything).names == {"terminals": "terminals", "timeouts": "timeouts"}


NOT_MARKED = np.zeros(STEPS, dtype=bool)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"timeouts": NOT_MARKED}, "all 240 rows are one episode. Mark the ends, or check their flags; set ends_as_"),
        (
            {"timeouts": NOT_MARKED, "stop": recording()["timeouts"]},
            "all 240 rows are one episode. If one of stop marks the ends, call it timeouts; set ends_as_marked: true",
        ),
        ({"timeouts": ~NOT_MARKED}, "each of the 240 rows is an episode. Mark the ends, or check their flags; set"),
    ],
)
def test_unlikely_ends_ask_whether_they_are_meant(tmp_path: Path, changes: dict, said: str) -> None:
    path = written(tmp_path / "a.hdf5", recording() | changes)
    with pytest.raises(UserError) as error:
        import_files([path], ImportSettings())
    assert str(error.value).startswith(f"{path}: {said}")
    dataset, (report,) = import_files([path], ImportSettings(ends_as_marked=True))
    assert dataset.num_episodes in (1, STEPS) and "as is meant" in str(report)


@pytest.mark.parametrize("rows", [100, 101])
def test_examples_are_not_asked_about(tmp_path: Path, rows: int) -> None:
    arrays = {key: values[:rows] for key, values in recording().items()} | {"timeouts": np.zeros(rows, dtype=bool)}
    path = written(tmp_path / "a.hdf5", arrays)
    if rows == 100:
        assert import_files([path], ImportSettings())[0].num_episodes == 1
        return
    with pytest.raises(UserError, match="all 101 rows are one episode"):
        import_files([path], ImportSettings())


@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e6])
@pytest.mark.parametrize("form", ["{:.6g}", "{:.5f}"])
def test_rounding_ends_no_episode(tmp_path: Path, unit: float, form: str) -> None:
    """Successors that went through a text, as from a CSV file, differ in the last digit; the ends are the same."""
    arrays = renamed(timeouts=None)
    texts = [[form.format(number) for number in row] for row in arrays["next_observations"]]
    arrays["next_observations"] = unit * np.array(texts, dtype=np.float64)
    arrays["observations"] = unit * arrays["observations"].astype(np.float64)
    dataset, _ = import_files([written(tmp_path / "a.hdf5", arrays)], ImportSettings())
    assert dataset.episode_lengths.tolist() == [LENGTH] * NUM_EPISODES


@given(offset=st.sampled_from([0.0, 1.0, -50.0]), unit=st.integers(-8, 8), seed=st.integers(0, 20))
def test_gaps_are_found_in_any_unit(tmp_path_factory, offset: float, unit: int, seed: int) -> None:
    arrays = recording(seed=seed)
    del arrays["timeouts"]
    for key in ("observations", "next_observations"):
        arrays[key] = ((arrays[key] + offset) * 10.0**unit).astype(np.float32)
    path = written(tmp_path_factory.mktemp("gaps") / "a.hdf5", arrays)
    assert import_files([path], ImportSettings())[0].episode_lengths.tolist() == [LENGTH] * NUM_EPISODES

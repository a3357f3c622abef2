import numpy as np
import pytest

from stages.formats.base import recognise
from stages.formats.dsrl import DsrlFormat
from stages.formats.report import Report


@pytest.fixture
def dsrl_arrays(d4rl_arrays):
    """A sound DSRL file: three episodes of 4, 5 and 3 steps."""
    return d4rl_arrays | {"costs": np.arange(12, dtype=np.float32) % 2}


def read(path):
    report = Report(path)
    return DsrlFormat().read(path, report), [note.rule for note in report.notes]


def test_a_sound_file_is_taken_over_bit_by_bit(dsrl_arrays, hdf5):
    path = hdf5(dsrl_arrays)
    dataset, notes = read(path)
    assert recognise(path) == "dsrl" and notes == []
    pairs = {"terminals": "terminations", "timeouts": "truncations"}
    for key, values in dsrl_arrays.items():
        assert getattr(dataset, pairs.get(key, key)).tobytes() == values.tobytes()
    assert dataset.episode_lengths.tolist() == [4, 5, 3]


def test_columns_and_flags_that_are_numbers(dsrl_arrays, hdf5):
    columns = {key: dsrl_arrays[key][:, None] for key in ("rewards", "costs")}
    flags = {key: dsrl_arrays[key].astype(np.float32) for key in ("terminals", "timeouts")}
    dataset, notes = read(hdf5(dsrl_arrays | columns | flags))
    assert notes == ["column-shape", "column-shape"]
    np.testing.assert_array_equal(dataset.costs, dsrl_arrays["costs"])
    np.testing.assert_array_equal(dataset.terminations, dsrl_arrays["terminals"])


def test_a_last_piece_without_an_end_is_truncated_there(dsrl_arrays, hdf5):
    dataset, notes = read(hdf5({key: values[:11] for key, values in dsrl_arrays.items()}))
    assert notes == ["open-end"]
    assert dataset.episode_lengths.tolist() == [4, 5, 2]
    assert dataset.truncations[-1] and not dataset.terminations[-1]


def test_a_terminal_wins_over_the_timeout(dsrl_arrays, hdf5):
    dsrl_arrays["timeouts"][3] = True
    dataset, notes = read(hdf5(dsrl_arrays))
    assert notes == ["both-flags"]
    assert dataset.terminations[3] and not dataset.truncations[3]


def test_the_name_says_how_many_episodes_there_are(dsrl_arrays, hdf5):
    assert read(hdf5(dsrl_arrays, "SafetyHopperVelocityGymnasium-v1-250-3.hdf5"))[1] == []
    path = hdf5(dsrl_arrays, "SafetyHopperVelocityGymnasium-v1-250-2240.hdf5")
    report = Report(path)
    DsrlFormat().read(path, report)
    assert "episode-count: 3 episodes, the name says 2,240" in str(report)


def test_without_costs_it_is_a_d4rl_file(d4rl_arrays, hdf5):
    assert recognise(hdf5(d4rl_arrays)) == "d4rl"

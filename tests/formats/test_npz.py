from dataclasses import replace

import numpy as np
import pytest

from stages.formats.base import recognise
from stages.formats.npz import NpzFormat
from stages.formats.report import Report

GYMNASIUM = {"terminals": "terminations", "timeouts": "truncations"}


@pytest.fixture
def npz(tmp_path):
    """Writes arrays to an archive and gives its path."""

    def write(arrays):
        np.savez(tmp_path / "data.npz", **arrays)
        return tmp_path / "data.npz"

    return write


def read(path):
    report = Report(path)
    return NpzFormat().read(path, report), [note.rule for note in report.notes]


@pytest.mark.parametrize("names", [{}, GYMNASIUM], ids=["d4rl", "gymnasium"])
def test_both_names_of_ends_are_understood(d4rl_arrays, npz, names):
    path = npz({names.get(key, key): values for key, values in d4rl_arrays.items()})
    dataset, notes = read(path)
    assert recognise(path) == "npz" and notes == []
    assert dataset.episode_lengths.tolist() == [4, 5, 3]
    np.testing.assert_array_equal(dataset.terminations, d4rl_arrays["terminals"])
    np.testing.assert_array_equal(dataset.next_observations, d4rl_arrays["next_observations"])


@pytest.mark.parametrize(("names", "terminated"), [({}, False), (GYMNASIUM, True)], ids=["d4rl", "gymnasium"])
def test_a_row_with_both_flags_is_what_its_recorder_meant(d4rl_arrays, npz, names, terminated):
    d4rl_arrays["timeouts"][3] = True
    dataset, notes = read(npz({names.get(key, key): values for key, values in d4rl_arrays.items()}))
    assert notes == ["both-flags"]
    assert dataset.terminations[3] == terminated and dataset.truncations[3] != terminated


def test_missing_successors_are_completed(d4rl_arrays, npz):
    del d4rl_arrays["next_observations"]
    dataset, notes = read(npz(d4rl_arrays))
    assert notes == ["missing-next-observations"] and dataset.episode_lengths.tolist() == [4, 4, 3]


def test_lists_of_python_become_arrays(npz):
    ends = {"terminations": [0, 0, 1], "truncations": [0, 0, 0]}
    arrays = {"observations": [[0], [1], [2]], "next_observations": [[1], [2], [3]], "actions": [0, 2, 1]}
    dataset, notes = read(npz(arrays | ends | {"rewards": [1, 1, 1], "num_actions": 4, "colour": [1, 2]}))
    assert dataset.num_actions == 4 and dataset.actions.tolist() == [0, 2, 1]
    assert dataset.observations.dtype == np.float32
    assert sorted(notes) == ["not-kept", "precision", "precision", "precision"]


def test_everything_that_is_known_comes_back(episodes, tmp_path):
    dataset = replace(
        episodes([2, 3]),
        environment="Hopper-v4",
        costs=np.ones(5, dtype=np.float32),
        behaviour_policy=np.array([1, 0]),
        behaviour_policy_names=("gut", "größer"),
        attributes={"generator": '{"method": "x"}'},
    )
    NpzFormat().write(tmp_path / "a.npz", dataset)
    back, _ = read(tmp_path / "a.npz")
    assert back.environment == "Hopper-v4" and back.attributes == dataset.attributes
    assert back.behaviour_policy_names == ("gut", "größer") and back.behaviour_policy.tolist() == [1, 0]
    NpzFormat().write(tmp_path / "b.npz", back)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()

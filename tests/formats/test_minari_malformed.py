"""Broken Minari datasets, each refused with a line of its own."""

import json

import h5py
import numpy as np
import pytest

from stages.errors import UserError
from stages.formats.minari.reading import MinariFormat
from stages.formats.report import Report


@pytest.fixture
def folder(episodes, tmp_path):
    """A sound dataset of three episodes, of 4, 5 and 3 steps."""
    MinariFormat().write(tmp_path / "own-v0", episodes([4, 5, 3]))
    return tmp_path / "own-v0" / "data"


def refusal(folder):
    with pytest.raises(UserError) as caught:
        MinariFormat().read(folder, Report(folder))
    line = str(caught.value)
    assert "\n" not in line
    return line


def box(**changes):
    return json.dumps({"type": "Box", "dtype": "float32", "shape": [3], "low": [0] * 3, "high": [1] * 3} | changes)


METADATA = {
    "total_episodes too large": ({"total_episodes": 4}, "total_episodes is 4, the file holds 3"),
    "total_episodes too small": ({"total_episodes": 2}, "total_episodes is 2, the file holds 3"),
    "total_episodes zero": ({"total_episodes": 0}, "total_episodes: input should be greater than or equal to 1"),
    "total_episodes a text": ({"total_episodes": "3"}, "total_episodes: input should be a valid integer, not 3"),
    "total_steps too large": ({"total_steps": 13}, "total_steps is 13, the episodes have 12"),
    "total_steps too small": ({"total_steps": 11}, "total_steps is 11, the episodes have 12 or more"),
    "total_steps absurd": ({"total_steps": 2**62}, "total_steps: too large for the memory"),
    "no total_steps": ({"total_steps": None}, "no total_steps"),
    "no spaces": ({"observation_space": None, "action_space": None}, "no observation_space and no action_space"),
    "unknown layout": ({"data_format": "zarr"}, "data_format: input should be 'hdf5', 'arrow' or 'parquet', not zarr"),
    "space not JSON": ({"observation_space": "{Box"}, "observation_space: is not JSON"),
    "space without type": ({"observation_space": "{}"}, "observation_space: is malformed (KeyError: 'type')"),
    "space without shape": ({"observation_space": '{"type": "Box"}'}, "observation_space: is malformed (KeyError"),
    "space of no numbers": ({"observation_space": box(shape=[0])}, "observation_space: holds no numbers"),
    "unknown space": ({"action_space": '{"type": "MultiBinary", "n": 3}'}, "type MultiBinary is not supported"),
    "texts": ({"observation_space": '{"type": "Text"}'}, "observation_space: texts are not supported"),
    "pictures": (
        {"observation_space": box(dtype="uint8", shape=[64, 64, 3])},
        "pictures (64, 64, 3) are not supported",
    ),
    "objects": ({"observation_space": box(dtype="object")}, "a Box of object is not supported"),
    "actions of parts": (
        {"action_space": json.dumps({"type": "Tuple", "subspaces": [json.loads(box())]})},
        "action_space: actions of several parts are not supported",
    ),
    "another size": ({"observation_space": box(shape=[4])}, "episode_0/observations: has shape (5, 3), needs (N, 4)"),
    "numbers for actions": ({"action_space": '{"type": "Discrete", "n": 3}'}, "episode_0/actions: has shape (4, 2)"),
    "parts missing": (
        {"observation_space": json.dumps({"type": "Dict", "subspaces": {"x": json.loads(box())}})},
        "no observations/x",
    ),
    "environment broken": ({"env_spec": "{}", "unmix": None}, "env_spec: is malformed (KeyError: 'id')"),
    "own metadata broken": ({"unmix": {"names": 1}}, "metadata.json: unmix.names: extra inputs are not permitted"),
}


@pytest.mark.parametrize("case", METADATA)
def test_metadata(folder, case):
    changes, expected = METADATA[case]
    path = folder / "metadata.json"
    metadata = json.loads(path.read_text()) | changes
    path.write_text(json.dumps({key: value for key, value in metadata.items() if value is not None}))
    assert expected in refusal(folder)


ARRAYS = {
    "no rewards": ("rewards", None, "episode_1: no rewards. The episode holds actions, observations"),
    "too few actions": ("actions", np.zeros((4, 2), np.float32), "episode_1/actions: 4 rows for 5 rewards"),
    "too many flags": ("truncations", np.zeros(6, bool), "episode_1/truncations: 6 rows for 5 rewards"),
    "too few observations": ("observations", np.zeros((4, 3), np.float32), "4 observations for 5 rewards"),
    "texts": ("rewards", np.array([b"a"] * 5), "episode_1/rewards: is of type |S1, not an array of numbers"),
    "one number": ("rewards", np.float32(3), "episode_1/rewards: has shape (), needs (N)"),
    "matrix": ("rewards", np.zeros((5, 2), np.float32), "episode_1/rewards: has shape (5, 2), needs (N)"),
    "no steps": ("rewards", np.zeros(0, np.float32), "episode_1: the episode has no steps"),
    "flags": ("terminations", np.full(5, 2), "episode_1/terminations: has values other than 0 and 1"),
    "early end": ("terminations", np.arange(5) == 2, "episode_1: step 2 of 5 ends the episode, but it goes on"),
    "costs of one": ("infos/cost", np.zeros(5, np.float32), "infos/cost: costs in 1 of 3 episodes"),
    "costs too long": ("infos/cost", np.zeros(7, np.float32), "episode_1/infos/cost: 7 rows for 5 rewards"),
    "a group": ("rewards/inner", np.zeros(5), "episode_1/rewards: is a group, not an array of numbers"),
}


@pytest.mark.parametrize("case", ARRAYS)
def test_arrays(folder, case):
    key, values, expected = ARRAYS[case]
    with h5py.File(folder / "main_data.hdf5", "a") as file:
        group = file["episode_1"]
        group.pop(key.split("/")[0], None)
        if values is not None:
            group[key] = values
    assert expected in refusal(folder)


def test_a_gap_between_episodes(folder):
    with h5py.File(folder / "main_data.hdf5", "a") as file:
        file.move("episode_1", "episode_7")
    assert "no group episode_1" in refusal(folder)


def test_labels_out_of_range_and_incomplete(folder):
    with h5py.File(folder / "main_data.hdf5", "a") as file:
        file["episode_2"].attrs["behaviour_policy"] = 0
    assert "episode_2: behaviour_policy is 0, not one of 0 to -1" in refusal(folder)
    path = folder / "metadata.json"
    metadata = json.loads(path.read_text())
    metadata["unmix"]["behaviour_policy_names"] = ["only"]
    path.write_text(json.dumps(metadata))
    assert "behaviour_policy in 1 of 3 episodes" in refusal(folder)


@pytest.mark.parametrize(("start", "found"), [(0, "0 to 4"), (-1, "0 to 3")])
def test_numbers_of_actions_that_are_not_there(folder, start, found):
    path = folder / "metadata.json"
    text = json.dumps({"type": "Discrete", "n": 4, "start": start})
    path.write_text(json.dumps(json.loads(path.read_text()) | {"action_space": text}))
    with h5py.File(folder / "main_data.hdf5", "a") as file:
        for group in file.values():
            del group["actions"]
            group["actions"] = np.arange(len(group["rewards"]))
    assert f"actions: numbers from {found}, the space has {start} to {start + 3}" in refusal(folder)


def test_actions_to_choose_from_are_whole_numbers(folder):
    path = folder / "metadata.json"
    text = json.dumps({"type": "Discrete", "n": 4})
    path.write_text(json.dumps(json.loads(path.read_text()) | {"action_space": text}))
    with h5py.File(folder / "main_data.hdf5", "a") as file:
        del file["episode_0/actions"]
        file["episode_0/actions"] = np.zeros(4, np.float32)
    assert "is of type float32, a Discrete space has whole numbers" in refusal(folder)


def test_metadata_that_are_not_there_or_not_readable(folder):
    path = folder / "metadata.json"
    path.write_text("{" * 3)
    assert "metadata.json: is not JSON" in refusal(folder)
    path.write_bytes(b"\xff\xfe\x00")
    assert "metadata.json: is not JSON" in refusal(folder)
    path.write_text("[]")
    assert "metadata.json: holds no keys" in refusal(folder)
    path.unlink()
    assert "no metadata.json beside the data" in refusal(folder)


def test_damaged_files(folder):
    file = folder / "main_data.hdf5"
    contents = file.read_bytes()
    file.write_bytes(contents[: len(contents) // 2])
    assert "the HDF5 file is cut short" in refusal(folder)
    file.write_text("version https://git-lfs.github.com/spec/v1\n")
    assert "not an HDF5 file" in refusal(folder)
    file.unlink()
    assert "no such file" in refusal(folder)


def test_a_file_that_is_no_dataset(tmp_path):
    (tmp_path / "data.hdf5").write_text("")
    assert "not a Minari dataset" in refusal(tmp_path / "data.hdf5")


@pytest.mark.parametrize("file", ["main_data.hdf5", "metadata.json"])
def test_changed_bytes_never_lead_to_a_traceback(folder, file):
    random, contents = np.random.default_rng(0), (folder / file).read_bytes()
    refused = 0
    for _ in range(100):
        changed = bytearray(contents)
        changed[random.integers(len(changed))] = random.integers(256)
        (folder / file).write_bytes(changed)
        try:
            MinariFormat().read(folder, Report(folder))
        except UserError:
            refused += 1
    assert refused > 10

"""Minari's HDF5 layout, written by this project and read again."""

import json
from dataclasses import replace

import h5py
import numpy as np
import pytest

from stages.datasets.episodes import PER_STEP
from stages.errors import UserError
from stages.formats.base import recognise
from stages.formats.minari.reading import MinariFormat
from stages.formats.report import Report


def read(path):
    report = Report(path)
    return MinariFormat().read(path, report), report


def written(path, dataset):
    MinariFormat().write(path, dataset)
    return path


def assert_same(first, second):
    for name in (*PER_STEP, "behaviour_policy"):
        this, other = getattr(first, name), getattr(second, name)
        assert (this is None) == (other is None), name
        if this is not None:
            assert this.dtype == other.dtype, name
            np.testing.assert_array_equal(this, other, err_msg=name)
    for name in ("environment", "num_actions", "behaviour_policy_names", "attributes"):
        assert getattr(first, name) == getattr(second, name), name


def labelled(dataset):
    return replace(
        dataset,
        costs=np.arange(dataset.num_steps, dtype=np.float32) / 3,
        behaviour_policy=np.arange(dataset.num_episodes) % 2,
        behaviour_policy_names=("low", "expert"),
        environment="elsewhere",
        attributes={"generator": '{"ä": 1}', "minari_ref_min_score": "-20.5"},
    )


@pytest.mark.parametrize("kind", ["plain", "labelled", "discrete", "robot"])
def test_what_is_written_comes_back_bit_by_bit(episodes, tmp_path, kind):
    dataset = episodes([4, 1, 7, 3], observation=11 if kind == "robot" else 3, action=3 if kind == "robot" else 2)
    if kind == "labelled":
        dataset = labelled(dataset)
    if kind == "discrete":
        dataset = replace(dataset, actions=np.arange(15) % 5, num_actions=5)
    if kind == "robot":
        settings = {"environment_settings": '{"max_episode_steps": 50}'}
        dataset = replace(dataset, environment="Hopper-v5", attributes=settings)
    back, report = read(written(tmp_path / "own-v0", dataset))
    assert report.notes == []
    assert_same(back, dataset)


def test_equal_datasets_give_equal_bytes(episodes, tmp_path):
    for folder in ("a", "b"):
        written(tmp_path / folder / "own-v0", labelled(episodes([4, 2])))
    for file in ("metadata.json", "main_data.hdf5"):
        first, second = (tmp_path / folder / "own-v0" / "data" / file for folder in ("a", "b"))
        assert first.read_bytes() == second.read_bytes()


def test_any_path_into_the_dataset_will_do(episodes, tmp_path):
    dataset = episodes([4, 2])
    folder = written(tmp_path / "own-v0", dataset)
    for path in (folder, folder / "data", folder / "data" / "main_data.hdf5"):
        assert recognise(path) == "minari"
        assert_same(read(path)[0], dataset)
    renamed = (folder / "data" / "main_data.hdf5").rename(folder / "data" / "renamed.hdf5")
    assert recognise(renamed) == "minari"
    assert_same(read(renamed)[0], dataset)
    with pytest.raises(UserError, match="known layouts"):
        recognise(tmp_path)


def test_a_dataset_is_replaced_but_nothing_else(episodes, tmp_path):
    written(tmp_path / "own-v0", episodes([4]))
    written(tmp_path / "own-v0", episodes([2, 3]))
    assert read(tmp_path / "own-v0")[0].num_episodes == 2
    (tmp_path / "own-v0" / "notes.txt").write_text("mine")
    with pytest.raises(UserError, match="something other than a Minari dataset"):
        written(tmp_path / "own-v0", episodes([4]))
    assert [path.name for path in tmp_path.iterdir()] == ["own-v0"]
    assert read(tmp_path / "own-v0")[0].num_episodes == 2


def test_a_failed_write_leaves_everything_as_it_was(episodes, tmp_path, monkeypatch):
    written(tmp_path / "own-v0", episodes([4]))
    monkeypatch.setattr("stages.formats.minari.reading.metadata_of", lambda *_: 1 / 0)
    for name in ("own-v0", "new-v0"):
        with pytest.raises(ZeroDivisionError):
            written(tmp_path / name, episodes([2, 3]))
    assert [path.name for path in tmp_path.iterdir()] == ["own-v0"]
    assert read(tmp_path / "own-v0")[0].num_episodes == 1


def test_jumps_inside_an_episode_cannot_be_written(episodes, tmp_path):
    dataset = episodes([4, 2])
    dataset.next_observations[1] += 1
    with pytest.raises(UserError, match="row 1 is not followed by the next one"):
        written(tmp_path / "own-v0", dataset)
    assert list(tmp_path.iterdir()) == []


def test_metadata_are_complete(episodes, tmp_path):
    dataset = replace(episodes([4, 2], observation=11, action=3), environment="Hopper-v4")
    written(tmp_path / "my hopper", dataset)
    metadata = json.loads((tmp_path / "my hopper" / "data" / "metadata.json").read_text())
    assert metadata["dataset_id"] == "my_hopper-v0"
    assert (metadata["total_episodes"], metadata["total_steps"]) == (2, 6)
    assert json.loads(metadata["env_spec"])["id"] == "Hopper-v4"
    assert json.loads(metadata["action_space"])["low"] == [-1.0, -1.0, -1.0]
    assert json.loads(metadata["observation_space"])["high"] == [np.inf] * 11


def test_spaces_of_unknown_environments_are_as_large_as_the_data(episodes, tmp_path):
    dataset = episodes([4, 2])
    written(tmp_path / "own-v0", dataset)
    metadata = json.loads((tmp_path / "own-v0" / "data" / "metadata.json").read_text())
    everything = np.concatenate([dataset.observations, dataset.next_observations])
    assert json.loads(metadata["observation_space"])["low"] == everything.min(axis=0).tolist()
    assert json.loads(metadata["action_space"])["high"] == dataset.actions.max(axis=0).tolist()
    assert "env_spec" not in metadata


def test_costs_are_infos_that_begin_with_the_reset(episodes, tmp_path):
    dataset = labelled(episodes([4, 2]))
    written(tmp_path / "own-v0", dataset)
    with h5py.File(tmp_path / "own-v0" / "data" / "main_data.hdf5") as file:
        assert file["episode_1/infos/cost"][()].tolist() == [0.0, *dataset.costs[4:].tolist()]
        assert file["episode_1"].attrs["behaviour_policy"] == 1

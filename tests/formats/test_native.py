from dataclasses import replace

import h5py
import numpy as np
import pytest

from stages.datasets.episodes import PER_STEP
from stages.errors import UserError
from stages.formats.loading import load
from stages.formats.native import FORMAT_VERSION, read_header, read_native, write_native


@pytest.fixture
def full(episodes):
    """A dataset that uses everything the format can hold."""
    dataset = episodes([3, 1, 4])
    return replace(
        dataset,
        environment="Hopper-v4",
        costs=np.arange(8, dtype=np.float32),
        behaviour_policy=np.array([1, 0, 1]),
        behaviour_policy_names=("medium", "expert – größer"),
        attributes={"generator": '{"method": "x"}', "library_versions": "{}"},
    )


def test_everything_comes_back_as_it_was(full, tmp_path):
    write_native(tmp_path / "a.hdf5", full)
    back = read_native(tmp_path / "a.hdf5")
    for name in (*PER_STEP, "behaviour_policy"):
        stored, read = getattr(full, name), getattr(back, name)
        assert stored.dtype == read.dtype
        assert stored.tobytes() == read.tobytes()
    assert back.environment == full.environment
    assert back.behaviour_policy_names == full.behaviour_policy_names
    assert back.attributes == full.attributes


def test_special_numbers_keep_their_bits(full, tmp_path):
    rewards = np.array([0.0, -0.0, 1e-45, np.nan, np.inf, -np.inf, 3.4e38, 0.1], dtype=np.float32)
    write_native(tmp_path / "a.hdf5", replace(full, rewards=rewards))
    assert read_native(tmp_path / "a.hdf5").rewards.tobytes() == rewards.tobytes()


def test_what_is_unknown_stays_unknown(episodes, tmp_path):
    write_native(tmp_path / "a.hdf5", episodes([2]))
    back = load(tmp_path / "a.hdf5")
    assert back.costs is None and back.behaviour_policy is None and back.behaviour_policy_names == ()
    assert '"numpy"' in back.attributes["library_versions"]


def test_equal_datasets_give_equal_bytes(full, tmp_path):
    write_native(tmp_path / "a.hdf5", full)
    write_native(tmp_path / "b.hdf5", read_native(tmp_path / "a.hdf5"))
    assert (tmp_path / "a.hdf5").read_bytes() == (tmp_path / "b.hdf5").read_bytes()


def test_the_file_is_a_d4rl_file(full, tmp_path):
    write_native(tmp_path / "a.hdf5", full)
    with h5py.File(tmp_path / "a.hdf5") as file:
        assert {"observations", "actions", "rewards", "terminals", "timeouts", "next_observations", "costs"} < set(file)
        assert file["terminals"].dtype == file["timeouts"].dtype == bool
        assert file["observations"].dtype == np.float32
        assert file.attrs["format_version"] == FORMAT_VERSION
        assert list(file.attrs["behaviour_policy_names"]) == ["medium", "expert – größer"]


def test_the_header_is_read_alone(full, tmp_path):
    write_native(tmp_path / "a.hdf5", full)
    assert read_header(tmp_path / "a.hdf5") == ("Hopper-v4", full.attributes)


def test_a_failed_write_leaves_the_old_file(full, tmp_path):
    write_native(tmp_path / "a.hdf5", full)
    before = (tmp_path / "a.hdf5").read_bytes()
    with pytest.raises(TypeError):
        write_native(tmp_path / "a.hdf5", replace(full, attributes={"generator": object()}))
    assert (tmp_path / "a.hdf5").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["a.hdf5"]


def spoil(path, change):
    with h5py.File(path, "a") as file:
        change(file)


def rewrite(key, values):
    def change(file):
        del file[key]
        file[key] = values

    return change


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        (
            lambda file: file.attrs.update(format_version=FORMAT_VERSION + 1),
            "has format version 2",
        ),
        (lambda file: file.attrs.update(format_version="one"), "not a file of this project"),
        (lambda file: file.attrs.pop("format_version"), "not a file of this project. Import it first"),
        (lambda file: file.pop("next_observations"), "no next_observations"),
        (rewrite("behaviour_policy", np.array([0, 1])), "shape (2,) for 3 episodes"),
        (rewrite("behaviour_policy", np.array([0, 1, 2])), "labels outside 0 to 1"),
        (rewrite("timeouts", np.zeros(8, dtype=bool)), "shape (3,) for 2 episodes"),
        (rewrite("terminals", np.zeros(8, dtype=bool)), "the last row does not end its episode"),
        (rewrite("timeouts", np.ones(8, dtype=bool)), "2 rows are terminals and timeouts"),
    ],
)
def test_a_damaged_file_is_refused_in_one_line(full, tmp_path, change, cause):
    write_native(tmp_path / "a.hdf5", full)
    spoil(tmp_path / "a.hdf5", change)
    with pytest.raises(UserError) as error:
        load(tmp_path / "a.hdf5")
    assert cause in str(error.value) and "a.hdf5" in str(error.value)
    assert "\n" not in str(error.value)

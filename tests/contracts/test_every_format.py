"""What holds for every dataset format: what goes in comes out, bit by bit, and episodes end where they say."""

from dataclasses import fields, replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from stages.datasets.episodes import PER_STEP, EpisodeDataset
from stages.errors import UserError
from stages.formats import FORMATS
from stages.formats.base import FileFormat, recognise
from stages.formats.report import Report
from tests.synthetic import make_episodes

WRITABLE = [name for name in FORMATS.names() if FORMATS.entry(name).write is not FileFormat.write]
CONTINUOUS = replace(make_episodes([4, 1, 5, 3]), environment="Hopper-v4", attributes={"generator": '{"method": "x"}'})
STEPS = CONTINUOUS.num_steps
LABELS = {"behaviour_policy": np.array([1, 0, 1, 1]), "behaviour_policy_names": ("medium", "expert – größer")}
CONTENTS = {
    "continuous": CONTINUOUS,
    "discrete": replace(CONTINUOUS, actions=np.arange(STEPS) % 3, num_actions=5, environment=""),
    "with costs": replace(CONTINUOUS, costs=np.arange(STEPS, dtype=np.float32) % 2),
    "with labels": replace(CONTINUOUS, **LABELS),
    "with everything": replace(CONTINUOUS, **LABELS, costs=np.full(STEPS, 0.1, dtype=np.float32)),
    "one step": make_episodes([1]),
    "odd numbers": replace(CONTINUOUS, rewards=np.resize(np.float32([0.0, -0.0, 1e-45, 3.4e38, 0.1]), STEPS)),
}


def write_by_hand(path: Path, arrays: dict[str, np.ndarray]) -> None:
    with h5py.File(path, "w") as file:
        for key, values in arrays.items():
            file.create_dataset(key, data=values, compression="gzip")


def flat(dataset: EpisodeDataset) -> dict[str, np.ndarray]:
    """The arrays as D4RL names them."""
    arrays = {name: getattr(dataset, name) for name in ("observations", "actions", "rewards", "next_observations")}
    return arrays | {"terminals": dataset.terminations, "timeouts": dataset.truncations}


# How files of formats that can only be read come to be: elsewhere.
BY_HAND = {
    "d4rl": (CONTINUOUS, lambda path: write_by_hand(path, flat(CONTINUOUS))),
    "dsrl": (
        CONTENTS["with costs"],
        lambda path: write_by_hand(path, flat(CONTINUOUS) | {"costs": CONTENTS["with costs"].costs}),
    ),
}


def write_somehow(name: str, path: Path) -> None:
    _, by_hand = BY_HAND.get(name, (None, None))
    if by_hand:
        by_hand(path)
    else:
        FORMATS.entry(name)().write(path, CONTINUOUS)


def read(name: str, path: Path) -> EpisodeDataset:
    dataset: EpisodeDataset = FORMATS.entry(name)().read(path, Report(path))
    return dataset


def assert_same_arrays(first: EpisodeDataset, second: EpisodeDataset) -> None:
    for name in (*PER_STEP, "behaviour_policy"):
        this, other = getattr(first, name), getattr(second, name)
        if this is None:
            assert other is None, name
            continue
        assert this.dtype == other.dtype and this.shape == other.shape, name
        assert this.tobytes() == other.tobytes(), name


def test_every_format_is_tested():
    assert set(WRITABLE) | set(BY_HAND) == set(FORMATS.names())


@pytest.mark.parametrize("contents", CONTENTS)
@pytest.mark.parametrize("name", WRITABLE)
def test_what_is_written_is_read(name, contents, tmp_path):
    dataset, path = CONTENTS[contents], tmp_path / "dataset-v0"
    FORMATS.entry(name)().write(path, dataset)
    assert recognise(path) == name
    back = read(name, path)
    assert_same_arrays(dataset, back)
    assert (back.environment, back.num_actions) == (dataset.environment, dataset.num_actions)
    assert back.behaviour_policy_names == dataset.behaviour_policy_names
    assert dataset.attributes.items() <= back.attributes.items()


@pytest.mark.parametrize("name", BY_HAND)
def test_what_others_have_written_is_read(name, tmp_path):
    dataset, write = BY_HAND[name]
    write(tmp_path / "data.hdf5")
    assert recognise(tmp_path / "data.hdf5") == name
    report = Report(tmp_path / "data.hdf5")
    assert_same_arrays(dataset, FORMATS.entry(name)().read(tmp_path / "data.hdf5", report))
    assert report.notes == report.errors == []
    with pytest.raises(UserError, match="can only be read"):
        FORMATS.entry(name)().write(tmp_path / "out", dataset)


@pytest.mark.parametrize("name", FORMATS.names())
def test_episodes_end_where_they_say(name, tmp_path):
    path = tmp_path / "dataset-v0"
    write_somehow(name, path)
    back = read(name, path)
    assert back.episode_lengths.tolist() == [4, 1, 5, 3]
    assert back.terminations[back.episode_ends - 1].tolist() == [True, False, True, False]
    assert ((back.terminations ^ back.truncations).nonzero()[0] == back.episode_ends - 1).all()
    assert not (back.terminations & back.truncations).any()
    inside = np.setdiff1d(np.arange(STEPS), back.episode_ends - 1)
    np.testing.assert_array_equal(back.next_observations[inside], back.observations[inside + 1])


@pytest.mark.parametrize("name", WRITABLE)
def test_a_failed_write_leaves_the_old_contents(name, tmp_path):
    path = tmp_path / "dataset-v0"
    FORMATS.entry(name)().write(path, CONTINUOUS)
    with pytest.raises((TypeError, ValueError)):
        FORMATS.entry(name)().write(path, replace(CONTINUOUS, attributes={"generator": object()}))
    assert_same_arrays(CONTINUOUS, read(name, path))
    assert [entry.name for entry in tmp_path.iterdir()] == ["dataset-v0"]


@pytest.mark.parametrize("name", FORMATS.names())
def test_other_formats_are_not_recognised(name, tmp_path):
    for other in FORMATS.names():
        path = tmp_path / f"{other}-v0"
        write_somehow(other, path)
        assert FORMATS.entry(name)().recognises(path) == (name == other)


def test_nothing_of_a_dataset_is_forgotten_here():
    expected = {*PER_STEP, "environment", "num_actions", "behaviour_policy", "behaviour_policy_names", "attributes"}
    assert {field.name for field in fields(EpisodeDataset)} == expected

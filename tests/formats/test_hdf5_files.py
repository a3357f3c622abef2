"""What HDF5 keeps elsewhere, or not at all, is never read as numbers of the file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from stages.errors import UserError
from stages.formats import hdf5_files
from stages.formats.importing import ImportSettings, import_files
from stages.formats.minari.hdf5 import write_hdf5
from stages.formats.minari.reading import MinariFormat
from stages.formats.report import Report
from tests.formats.recording import recording, written
from tests.synthetic import make_episodes

ARRAYS = recording()
STEPS = len(ARRAYS["rewards"])
KEYS = ["observations", "actions", "rewards", "terminals", "timeouts", "next_observations"]


def external_link(file: h5py.File, key: str) -> str:
    written(Path(file.filename).with_name("other.h5"), {"x": ARRAYS[key]})
    file[key] = h5py.ExternalLink("other.h5", "x")
    return "lies in another file"


def link_to_an_external_link(file: h5py.File, key: str) -> str:
    external_link(file, key)
    file.move(key, "elsewhere")
    file[key] = h5py.SoftLink("/elsewhere")
    return "lies in another file"


def broken_external_link(file: h5py.File, key: str) -> str:
    file[key] = h5py.ExternalLink("gone.h5", "x")
    return "is a link to x in gone.h5, which is not there"


def broken_soft_link(file: h5py.File, key: str) -> str:
    file[key] = h5py.SoftLink("/gone")
    return "is a link to /gone, which is not there"


def virtual(file: h5py.File, key: str) -> str:
    values = ARRAYS[key]
    written(Path(file.filename).with_name("other.h5"), {"x": values})
    layout = h5py.VirtualLayout(values.shape, values.dtype)
    layout[:] = h5py.VirtualSource("other.h5", "x", values.shape)
    file.create_virtual_dataset(key, layout)
    return "is a virtual array, made of others in other.h5"


def virtual_without_a_source(file: h5py.File, key: str) -> str:
    said = virtual(file, key)
    Path(file.filename).with_name("other.h5").unlink()
    return said


def external_storage(file: h5py.File, key: str) -> str:
    values = ARRAYS[key]
    file.create_dataset(key, values.shape, values.dtype, external=[("raw.bin", 0, values.nbytes)])
    return "has its numbers outside of the file, in raw.bin"


def references(file: h5py.File, key: str) -> str:
    file["x"] = 1
    file[key] = np.array([file["x"].ref] * STEPS, dtype=h5py.ref_dtype)
    return "is of type object, not an array of numbers"


def named_type(file: h5py.File, key: str) -> str:
    file[key] = np.dtype("f4")
    return "not an array of numbers"


ELSEWHERE: list[Callable[[h5py.File, str], str]] = [
    external_link, link_to_an_external_link, broken_external_link, broken_soft_link, virtual, virtual_without_a_source,
    external_storage, references, named_type,
]  # fmt: skip


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("lay", ELSEWHERE, ids=lambda lay: lay.__name__)
def test_arrays_that_lie_elsewhere_are_refused(tmp_path: Path, monkeypatch, lay, key: str) -> None:
    monkeypatch.chdir(tmp_path)  # HDF5 looks for raw data from there.
    path = written(tmp_path / "mine.hdf5", {name: values for name, values in ARRAYS.items() if name != key})
    with h5py.File(path, "a") as file:
        said = lay(file, key)
    with pytest.raises(UserError) as error:
        import_files([path], ImportSettings())
    assert str(error.value).startswith(f"{path}: {key}: ") and said in str(error.value)
    assert "damaged" not in str(error.value) and "\n" not in str(error.value)


def test_links_within_the_file_are_followed(tmp_path: Path) -> None:
    path = written(tmp_path / "mine.hdf5", ARRAYS)
    with h5py.File(path, "a") as file:
        file.move("rewards", "kept/rewards")
        file["rewards"] = h5py.SoftLink("/kept/rewards")
        file["alias"] = file["actions"]
        del file["actions"]
        file["actions"] = h5py.SoftLink("/alias")
    dataset, _ = import_files([path], ImportSettings())
    np.testing.assert_array_equal(dataset.rewards, ARRAYS["rewards"])
    np.testing.assert_array_equal(dataset.actions, ARRAYS["actions"])


@pytest.mark.parametrize("chunks", [None, (10,), (7,)])
@pytest.mark.parametrize("rows", [0, 30])
def test_numbers_that_were_never_written_are_told(tmp_path: Path, chunks, rows: int) -> None:
    path = written(tmp_path / "mine.hdf5", {name: values for name, values in ARRAYS.items() if name != "rewards"})
    with h5py.File(path, "a") as file:
        rewards = file.create_dataset("rewards", (STEPS,), "f4", chunks=chunks)
        if rows and chunks:
            rewards[:rows] = 1
    _, (report,) = import_files([path], ImportSettings())
    notes = [note for note in report.notes if note.rule == "not-written"]
    assert [note.place for note in notes] == ["rewards"] and "% of it were never written" in notes[0].cause


def test_a_sound_file_is_silent(tmp_path: Path) -> None:
    _, (report,) = import_files([written(tmp_path / "mine.hdf5", ARRAYS)], ImportSettings())
    assert report.notes == [] and report.errors == []


@pytest.mark.parametrize("key", ["observations", "timeouts"])
def test_a_filter_that_is_missing_is_named(tmp_path: Path, key: str) -> None:
    path = written(tmp_path / "mine.hdf5", {name: values for name, values in ARRAYS.items() if name != key})
    values = ARRAYS[key]
    with h5py.File(path, "a") as file:
        plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plist.set_chunk(values.shape)
        plist.set_filter(32099, h5py.h5z.FLAG_OPTIONAL, (3,))  # A number that is nobody's.
        space = h5py.h5s.create_simple(values.shape)
        array = h5py.h5d.create(file.id, key.encode(), h5py.h5t.py_create(values.dtype), space, plist)
        array.write_direct_chunk((0,) * values.ndim, b"compressed", 0)
    with pytest.raises(UserError) as error:
        import_files([path], ImportSettings())
    said = "is compressed with the HDF5 filter 32099, which is not installed. pip install hdf5plugin, or store it with"
    assert str(error.value).startswith(f"{path}: {key}: {said}")


def test_a_block_before_the_file_proper_does_not_matter(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "mine.hdf5", "w", userblock_size=512) as file:
        for key, values in ARRAYS.items():
            file[key] = values
    dataset, _ = import_files([tmp_path / "mine.hdf5"], ImportSettings())
    assert dataset.num_steps == STEPS


def test_an_array_beyond_the_memory_is_told(tmp_path: Path, monkeypatch) -> None:
    path = written(tmp_path / "mine.hdf5", ARRAYS)

    def too_large(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("stages.formats.d4rl.read_arrays", too_large)
    with pytest.raises(UserError, match="its arrays need more memory than there is"):
        import_files([path], ImportSettings())


def test_minaris_episodes_are_no_exception(tmp_path: Path) -> None:
    MinariFormat().write(tmp_path / "mine-v0", make_episodes([4, 5]))
    main = tmp_path / "mine-v0/data/main_data.hdf5"
    write_hdf5(tmp_path / "other.h5", make_episodes([4, 5]))
    with h5py.File(main, "a") as file:
        del file["episode_1/rewards"]
        file["episode_1/rewards"] = h5py.ExternalLink(str(tmp_path / "other.h5"), "episode_1/rewards")
    with pytest.raises(UserError, match=r"rewards: lies in another file, .*other\.h5"):
        MinariFormat().read(tmp_path / "mine-v0", Report(tmp_path / "mine-v0"))
    with h5py.File(main, "a") as file:
        del file["episode_1"]
        file["episode_1"] = h5py.ExternalLink(str(tmp_path / "other.h5"), "episode_1")
    with pytest.raises(UserError, match=r"episode_1: lies in another file, .*other\.h5"):
        MinariFormat().read(tmp_path / "mine-v0", Report(tmp_path / "mine-v0"))


def test_members_are_found_by_path(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a", "w") as file:
        file["group/inner/x"], file["flat"] = 1, 2
        report = Report("a")
        assert hdf5_files.member(file, "group/inner/x", report)[()] == 1
        for absent in ("gone", "group/gone", "group/gone/x", "flat/x", "group/inner/x/y"):
            assert hdf5_files.member(file, absent, report) is None

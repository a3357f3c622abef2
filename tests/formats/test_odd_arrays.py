"""Arrays of unusual types, and files that are no datasets: read as they are meant, or refused in their own line."""

from __future__ import annotations

import gzip
import zipfile
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
from pydantic import ValidationError

from stages.datasets.episodes import EpisodeDataset
from stages.errors import UserError
from stages.formats.importing import ImportSettings, import_files
from stages.formats.minari.reading import MinariFormat
from stages.formats.native import read_header, write_native
from stages.formats.npz import NpzFormat
from tests.formats.recording import LENGTH, STEPS, recording, written
from tests.synthetic import make_episodes

NUMBERS = ("observations", "actions", "rewards", "next_observations")


def imported(path: Path) -> EpisodeDataset:
    return import_files([path], ImportSettings())[0]


@pytest.mark.parametrize("suffix", ["hdf5", "npz"])
@pytest.mark.parametrize("kind", [">f4", "<f8", ">f8", "longdouble"])
def test_types_that_hold_float32_change_nothing(tmp_path: Path, kind: str, suffix: str) -> None:
    arrays = recording()
    converted = {key: arrays[key].astype(kind) for key in NUMBERS}
    found = imported(written(tmp_path / f"a.{suffix}", arrays | converted))
    for key in NUMBERS:
        np.testing.assert_array_equal(getattr(found, key), arrays[key])
        assert getattr(found, key).dtype == np.dtype("float32")


@pytest.mark.parametrize("kind", ["int64", "uint64"])
def test_whole_numbers_beyond_float32_are_told(tmp_path: Path, kind: str) -> None:
    arrays = recording()
    steps = np.rint(1000 * arrays["observations"]).astype(np.int64) + 2**53
    path = written(tmp_path / "a.hdf5", arrays | {"observations": steps.astype(kind)})
    with pytest.raises(
        UserError, match=r"observations: column 0: of 2\d\d different numbers float32 keeps 1 \(and 3 more"
    ):
        imported(path)


@pytest.mark.parametrize("numbers", [np.full(STEPS, 2**63, dtype=np.uint64), np.full(STEPS, 1e30)])
def test_numbers_of_actions_beyond_integers_are_refused(tmp_path: Path, numbers: np.ndarray) -> None:
    path = written(tmp_path / "a.hdf5", recording() | {"actions": numbers})
    with pytest.raises(UserError, match=r"actions: numbers up to \d.*e\+\d\d are none of actions\. Use the setting"):
        import_files([path], ImportSettings(actions="choices"))


def test_an_array_without_a_shape_is_called_empty(tmp_path: Path) -> None:
    arrays = recording()
    del arrays["rewards"]
    path = written(tmp_path / "a.hdf5", arrays)
    with h5py.File(path, "r+") as file:
        file["rewards"] = h5py.Empty("f4")
    with pytest.raises(UserError, match=r"a\.hdf5: rewards: is empty, not an array of numbers"):
        imported(path)


@pytest.mark.parametrize("kind", ["reference", "region", "compound", "text", "complex", "bytes"])
def test_what_is_no_number_is_refused(tmp_path: Path, kind: str) -> None:
    arrays = recording()
    rewards = arrays.pop("rewards")
    path = written(tmp_path / "a.hdf5", arrays)
    with h5py.File(path, "r+") as file:
        file["elsewhere"] = rewards
        reference = file["elsewhere"].ref
        made = {
            "reference": lambda: file.create_dataset("rewards", data=[reference] * STEPS, dtype=h5py.ref_dtype),
            "region": lambda: file.create_dataset("rewards", data=file["elsewhere"].regionref[:9]),
            "compound": lambda: file.create_dataset("rewards", data=rewards.view([("r", "f4")])),
            "text": lambda: file.create_dataset("rewards", data=["1.0"] * STEPS, dtype=h5py.string_dtype()),
            "complex": lambda: file.create_dataset("rewards", data=rewards.astype(complex)),
            "bytes": lambda: file.create_dataset("rewards", data=rewards.astype("S4")),
        }
        made[kind]()
    with pytest.raises(UserError, match=r"a\.hdf5: rewards: is of type .*, not an array of numbers"):
        imported(path)


NAMED = {"format_version": 1, "behaviour_policy_names": ["a", "b"]}
LABELS = np.arange(STEPS // LENGTH) % 2


@pytest.mark.parametrize(
    ("labels", "attributes", "said"),
    [
        (
            LABELS,
            {"behaviour_policy_names": []},
            "behaviour_policy: has labels that nothing names",
        ),
        (LABELS, {"behaviour_policy_names": ["a", "a"]}, "behaviour_policy_names: two policies are called 'a'"),
        (LABELS, {"behaviour_policy_names": ["a", "b\nc"]}, "behaviour_policy_names: 'b\\nc' is no name"),
        (LABELS, {"behaviour_policy_names": ["a", " "]}, "behaviour_policy_names: ' ' is no name"),
        (LABELS, {"format_version": 0}, "has format version 0, this program knows up to 1"),
        (LABELS, {"environment": "Hoper-v4"}, "unknown environment 'Hoper-v4'. Did you mean 'Hopper-v4'?"),
        (h5py.Empty("i8"), {}, "behaviour_policy: is not an array of whole numbers"),
    ],
)
def test_odd_labels_and_attributes_are_refused(tmp_path: Path, labels: object, attributes: dict, said: str) -> None:
    path = written(tmp_path / "a.hdf5", recording() | {"behaviour_policy": labels}, **NAMED | attributes)
    with pytest.raises(UserError) as caught:
        imported(path)
    assert str(caught.value).startswith(f"{path}: {said}") and "\n" not in str(caught.value)


def test_attributes_as_bytes_are_text(tmp_path: Path) -> None:
    attributes = {"behaviour_policy_names": np.array([b"a", b"b"]), "generator": np.bytes_("made by hand")}
    path = written(tmp_path / "a.hdf5", recording() | {"behaviour_policy": LABELS}, **NAMED | attributes)
    assert imported(path).behaviour_policy_names == ("a", "b")
    assert read_header(path)[1]["generator"] == "made by hand"


def test_archives_that_are_odd_are_refused(tmp_path: Path) -> None:
    flat = written(tmp_path / "flat.hdf5", recording())
    with pytest.raises(UserError, match=r"flat\.hdf5: is no numpy archive\. Leave out the setting `format`"):
        import_files([flat], ImportSettings(format="npz"))
    two = written(tmp_path / "two.npz", recording() | {"environment": np.array(["a", "b"])})
    with pytest.raises(UserError, match=r"two\.npz: environment: has 2 texts, not one"):
        imported(two)
    with zipfile.ZipFile(tmp_path / "huge.npz", "w") as archive:
        head = "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999, 4), }".ljust(117) + "\n"
        archive.writestr("observations.npy", b"\x93NUMPY\x01\x00\x76\x00" + head.encode())
    with pytest.raises(UserError, match=r"huge\.npz: its arrays need more memory than there is"):
        imported(tmp_path / "huge.npz")


def test_contents_that_are_there_twice_are_told(tmp_path: Path) -> None:
    path = written(tmp_path / "a.hdf5", recording())
    (tmp_path / "b.hdf5").write_bytes(path.read_bytes())
    _, reports = import_files([path, tmp_path / "b.hdf5"], ImportSettings())
    assert [[note.rule for note in report.notes] for report in reports] == [[], ["twice"]]
    assert str(path) in reports[1].notes[0].cause


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"environment_settings": {"size": 3.0}}, "`environment_settings` are given, but no environment"),
        ({"label_by_file": True, "names": ["a\nb"]}, "names: 'a\\nb' is no name. Give each file its own in `names`"),
    ],
)
def test_settings_that_say_nothing_of_use_are_refused(tmp_path: Path, settings: dict, said: str) -> None:
    path = written(tmp_path / "a.hdf5", recording())
    with pytest.raises(UserError) as caught:
        import_files([path], ImportSettings.model_validate(settings))
    assert said in str(caught.value)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_an_offset_is_a_number(value: float) -> None:
    with pytest.raises(ValidationError, match="should be a finite number"):
        ImportSettings(offsets={0: value})


FOREIGN = {
    "pointer": (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n", "git lfs pull"),
    "gzip": (gzip.compress(b"anything"), "is compressed with gzip. Unpack it"),
    "array": (b"\x93NUMPY\x01\x00", "is one array, not a dataset. Store all arrays with numpy.savez"),
    "pickle": (b"\x80\x04}.", "is a pickle, which could run any program when read"),
    "page": (b"<!DOCTYPE html><html>", "is a web page, or XML. Download the file itself"),
    "text": (b"a,b\n1,2\n", "has none of the known layouts"),
    "nothing": (b"", "has none of the known layouts"),
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_files_of_other_kinds_are_called_what_they_are(tmp_path: Path, kind: str) -> None:
    contents, said = FOREIGN[kind]
    (tmp_path / "a.hdf5").write_bytes(contents)
    with pytest.raises(UserError) as caught:
        imported(tmp_path / "a.hdf5")
    assert str(caught.value).startswith(f"{tmp_path / 'a.hdf5'}: ") and said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["environment_settings", "oracle_ceiling"])
@pytest.mark.parametrize("text", ["", "abc", "[1]", '{"cut": ', "3", 2000 * "["])
def test_attributes_that_are_no_objects_are_refused(tmp_path: Path, name: str, text: str) -> None:
    dataset = replace(make_episodes([5, 6]), attributes={name: text})
    write_native(tmp_path / "a.hdf5", dataset)
    NpzFormat().write(tmp_path / "a.npz", dataset)
    MinariFormat().write(tmp_path / "folder", dataset)
    for path in (tmp_path / "a.hdf5", tmp_path / "a.npz", tmp_path / "folder"):
        with pytest.raises(UserError, match=f"{name}: is not a JSON object .*Remove the attribute") as caught:
            imported(path)
        assert str(caught.value).startswith(str(path)) and "\n" not in str(caught.value)
    with pytest.raises(UserError, match=f"{name}: is not a JSON object"):
        read_header(tmp_path / "a.hdf5")


@pytest.mark.parametrize(
    ("missing", "words"),
    [("terminals", "Where no episode ends by itself, store terminals"), ("rewards", "store rewards of 0")],
)
def test_what_is_missing_is_named_with_what_can_stand_in(tmp_path: Path, missing: str, words: str) -> None:
    arrays = {key: values for key, values in recording().items() if key != missing}
    with pytest.raises(UserError, match=f"no {missing}. The file holds .*{words}"):
        imported(written(tmp_path / "a.hdf5", arrays))

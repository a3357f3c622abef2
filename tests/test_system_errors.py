"""What the system refuses becomes one line: the file, the matter, the remedy."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import h5py
import pytest

from stages.artifacts import Artifact
from stages.errors import UserError
from stages.made_files import reading
from stages.replacing import replacing
from stages.system_errors import KNOWN, naming, number_of, system_error


@pytest.mark.parametrize("number", sorted(errno.errorcode))
def test_every_error_has_a_line(number: int) -> None:
    said = str(system_error(OSError(number, os.strerror(number)), "a.hdf5"))
    cause, remedy = KNOWN.get(number, ("", ""))
    assert said.startswith("a.hdf5: ") and cause in said and remedy in said and "\n" not in said
    assert len(said) > len("a.hdf5: x")


def test_the_file_that_the_error_names_is_named() -> None:
    assert str(system_error(PermissionError(errno.EACCES, "no", "b"))).startswith("b: permission denied")
    assert str(system_error(OSError("odd"), "c")) == "c: odd"


@pytest.mark.parametrize(
    ("error", "number"),
    [
        (OSError(28, "No space left"), 28),
        (OSError("Unable to open file (unable to lock file, errno = 11, error message = 'x')"), 11),
        (RuntimeError("Can't decrement id ref count (file write failed: errno = 28, ...)"), 28),
        (ValueError("Error while serializing: I/O error: No space left on device (os error 28)"), 28),
        (ValueError("28"), None),
    ],
)
def test_numbers_in_the_texts_of_libraries_are_found(error: Exception, number: int | None) -> None:
    assert number_of(error) == number


def test_other_errors_pass() -> None:
    with pytest.raises(ZeroDivisionError), naming("a"):
        _ = 1 / 0
    with pytest.raises(UserError, match=r"^a: no space is left on the device"), naming("a"):
        raise RuntimeError("errno = 28")


def test_a_file_is_replaced_at_once_whatever_its_name(tmp_path: Path) -> None:
    for name in ("x" * 250, "ü" * 120, ".hidden", "no suffix", "a." + "s" * 200):
        with replacing(tmp_path / name) as temporary:
            temporary.write_text("whole")
        assert (tmp_path / name).read_text() == "whole"
    assert len(list(tmp_path.iterdir())) == 5


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("file/below.npz", "a part of the path is a file, not a folder|exists already, as something else"),
        ("folder", "is a folder, not a file"),
        ("x" * 300, "the name is too long"),
    ],
)
def test_what_cannot_be_written_is_told(tmp_path: Path, place: str, said: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder" / "inside").mkdir(parents=True)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(UserError, match=f"{place}: ({said})"), replacing(tmp_path / place) as temporary:
        temporary.write_text("text")
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full device here")
def test_a_full_disk_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"out: no space is left on the device. Free some"), replacing(tmp_path / "out"):
        with open("/dev/full", "w") as file:
            file.write("x" * 100_000)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (FileNotFoundError(2, "x"), "no such file. Run `snakemake` to make it"),
        (PermissionError(13, "x"), "permission denied"),
        (KeyError("returns"), "is damaged ('returns'). Delete it and run `snakemake`"),
        (EOFError(), "is damaged (EOFError). Delete it"),
        (zipfile.BadZipFile("not a zip\nfile"), "is damaged (not a zip file)"),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"), "is damaged ('utf-8' codec"),
    ],
)
def test_made_files_that_cannot_be_read_are_named(error: Exception, said: str) -> None:
    with pytest.raises(UserError) as caught, reading("results/a.npz"):
        raise error
    assert str(caught.value).startswith(f"results/a.npz: {said}") and "\n" not in str(caught.value)


@pytest.mark.parametrize("contents", [b"", b"text", b"\x00" * 100, b'{"half', None])
def test_an_artifact_that_is_none_is_named(tmp_path: Path, contents: bytes | None) -> None:
    path = tmp_path / "a.safetensors"
    if contents is None:
        path.mkdir()
    else:
        path.write_bytes(contents)
    with pytest.raises(UserError) as caught:
        Artifact.load(path)
    assert str(caught.value).startswith(f"{path}: ") and "\n" not in str(caught.value)


def test_a_locked_file_is_not_called_damaged(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.hdf5", "w") as file:
        file["x"] = 1
        file.flush()
        command = [sys.executable, "-m", "stages.import_dataset", str(tmp_path / "a.hdf5"), "-o", str(tmp_path / "b")]
        done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    said = (
        "is open elsewhere and locked. Close it there (a notebook?) and try again, or set HDF5_USE_FILE_LOCKING=FALSE"
    )
    assert done.stderr == f"error: {tmp_path / 'a.hdf5'}: {said}\n"

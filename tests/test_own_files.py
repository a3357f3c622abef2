"""What an import of the user's own files depends on, however they are tracked and called."""

from __future__ import annotations

from pathlib import Path

import pytest

from stages.errors import UserError
from stages.own_files import contents, followed, tracked_md5


@pytest.fixture(autouse=True)
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("data").mkdir()
    return tmp_path


def test_the_checksum_of_a_tracked_file_or_folder_is_found() -> None:
    Path("data/folder").mkdir()
    Path("data/mine.hdf5.dvc").write_text("outs:\n- md5: abc\n  path: mine.hdf5\n")
    Path("data/folder.dvc").write_text("outs:\n- md5: def.dir\n  path: folder\n")
    assert tracked_md5("data/mine.hdf5") == "abc"
    assert tracked_md5("data/folder/inside.hdf5") == "def.dir"
    assert tracked_md5("data/other.hdf5") is None


DIGITS = 32 * "1"


@pytest.mark.parametrize(
    ("text", "md5"),
    [
        ("", None),
        ("# nothing\n", None),
        ("[]", None),
        ("outs: null", None),
        ("outs: []", None),
        ("outs: [text]", None),
        ("outs:\n- etag: 4a265d63\n  size: 3\n  path: a.hdf5\n", None),
        ("outs:\n- path: a.hdf5\n  hash: md5\n  cloud: {s3: {etag: 4a, version_id: abc}}\n", None),
        ("outs:\n- path: a.hdf5\n  files: [{relpath: x, cloud: {s3: {etag: e}}}]\n", None),
        ("outs:\n- md5: {a: 1}\n  path: a.hdf5\n", None),
        (f"outs:\n- md5: {DIGITS}\n  hash: md5\n  path: a.hdf5\n", DIGITS),
        ("outs:\n- md5: 1e10\n  path: a.hdf5\n", "1e10"),
        ("outs:\n- {md5: b, path: b.hdf5}\n- {md5: a, path: a.hdf5}\n", "a"),
        ("outs:\n- {md5: b, path: b.hdf5}\n", None),
        ("\ufeffwdir: .\r\nouts:\r\n- md5: a\r\n  path: ./a.hdf5\r\n", "a"),
    ],
)
def test_whatever_dvc_records_is_understood(text: str, md5: str | None) -> None:
    Path("data/a.hdf5").touch()
    Path("data/a.hdf5.dvc").write_text(text, encoding="utf-8", newline="")
    assert tracked_md5("data/a.hdf5") == md5
    assert contents("data/a.hdf5") == md5


CONFLICT = "outs:\n<<<<<<< HEAD\n- md5: aa\n=======\n- md5: bb\n>>>>>>> other\n  path: a.hdf5\n"


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (CONFLICT.encode(), "marks of an unfinished merge"),
        (CONFLICT.replace("\n", "\r\n").encode(), "marks of an unfinished merge|is not YAML"),
        (b"outs: [", "is not YAML"),
        (b"\x00\xff\xfe", "is not YAML"),
    ],
)
def test_a_record_that_is_none_is_refused_in_a_line_that_names_it(raw: bytes, said: str) -> None:
    Path("data/a.hdf5.dvc").write_bytes(raw)
    with pytest.raises(UserError, match=f"^data/a.hdf5.dvc: .*({said})") as caught:
        tracked_md5("data/a.hdf5")
    assert "\n" not in str(caught.value)


def test_a_folder_is_followed_file_by_file() -> None:
    for name in ("b", "a", "inner/c", ".DS_Store", ".hidden/d"):
        Path("data/folder", name).parent.mkdir(parents=True, exist_ok=True)
        Path("data/folder", name).touch()
    assert followed("data/folder") == ["data/folder/a", "data/folder/b", "data/folder/inner/c"]
    assert followed("data/file.hdf5") == ["data/file.hdf5"]
    assert contents("data/folder") is None


@pytest.mark.parametrize("name", ["run{1}.hdf5", "{}", "a{b"])
def test_what_snakemake_cannot_follow_is_known_by_its_contents(name: str) -> None:
    file = Path("data", name)
    file.write_text("one")
    assert followed(file) == [] and followed("data") == []
    before = contents(file), contents("data")
    file.write_text("two")
    assert None not in before and not set(before) & {contents(file), contents("data")}

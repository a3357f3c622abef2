"""Code hashes, fingerprints, DVC's checksums and the records that travel with results."""

from __future__ import annotations

import base64
import json
import os
import textwrap
from pathlib import Path

import pytest

from stages import provenance
from stages.errors import UserError
from stages.provenance import code_hash, file_hash, fingerprint, imported_modules, tracked_md5

MODULE = '''"""Docstring."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stages.lib import used

if TYPE_CHECKING:
    from stages.lib import typing_only


def run(x: int) -> int:
    """Docstring."""
    # comment
    return used.VALUE + x
'''


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tiny project: one stage, a library module it uses, and others that it does not."""
    (tmp_path / "stages/lib").mkdir(parents=True)
    for name, text in {
        "__init__": "", "lib/__init__": "", "stage": MODULE, "lib/used": "from . import deeper\nVALUE = deeper.VALUE\n",
        "lib/deeper": "VALUE = 1\n", "lib/typing_only": "X = 1\n", "lib/sibling": "X = 1\n",
    }.items():  # fmt: skip
        (tmp_path / "stages" / f"{name}.py").write_text(text)
    monkeypatch.setattr(provenance, "PROJECT", tmp_path)
    monkeypatch.chdir(tmp_path)
    forget()
    yield tmp_path
    forget()


def forget() -> None:
    """A process reads each module once; tests edit them."""
    for function in (provenance._source, provenance._tree, provenance._code, provenance._imports, imported_modules):
        function.cache_clear()


def hash_after(file: Path, old: str, new: str) -> str:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))
    forget()
    return code_hash("stages.stage")


def test_imports_are_followed_and_only_those(project: Path) -> None:
    assert imported_modules("stages.stage") == {
        "stages", "stages.stage", "stages.lib", "stages.lib.used", "stages.lib.deeper"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"""Docstring."""', '"""Another docstring."""'),
        ("# comment", "# another comment"),
        ("used.VALUE + x", "(used.VALUE   + x)"),
        ("typing_only", "sibling"),
    ],
)
def test_what_changes_no_result_does_not_count(project: Path, old: str, new: str) -> None:
    before = code_hash("stages.stage")
    assert hash_after(project / "stages/stage.py", old, new) == before


def test_what_can_change_a_result_counts(project: Path) -> None:
    before = code_hash("stages.stage")
    assert hash_after(project / "stages/lib/sibling.py", "X = 1", "X = 2") == before
    edited = hash_after(project / "stages/stage.py", "+ x", "- x")
    assert edited != before
    assert hash_after(project / "stages/lib/deeper.py", "1", "2") != edited
    assert code_hash("stages.stage", "stages.lib.sibling") != code_hash("stages.stage")
    with_data = code_hash("stages.stage")
    (project / "stages/lib/template.html").write_text("text")
    forget()
    assert code_hash("stages.stage") != with_data


def test_an_unknown_module_is_an_error(project: Path) -> None:
    with pytest.raises(ModuleNotFoundError, match=r"stages\.absent"):
        code_hash("stages.absent")


def test_a_fingerprint_tells_texts_and_contents_apart(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    (tmp_path / "b").write_text("x")
    assert fingerprint(tmp_path / "a") == fingerprint(tmp_path / "b")
    assert fingerprint("ab", "c") != fingerprint("a", "bc")
    assert fingerprint("a", "b") != fingerprint("b", "a")
    assert fingerprint(tmp_path / "a") != fingerprint(file_hash(tmp_path / "a"))


def test_a_folder_is_known_by_the_names_and_contents_in_it(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder / "inner").mkdir(parents=True)
        (tmp_path / folder / "inner" / "x").write_text("1")
        (tmp_path / folder / "y").write_text("2")
    same = file_hash(tmp_path / "a")
    assert file_hash(tmp_path / "b") == same
    (tmp_path / "b" / "y").rename(tmp_path / "b" / "z")
    assert file_hash(tmp_path / "b") != same
    (tmp_path / "a" / "inner" / "x").write_text("3")
    assert file_hash(tmp_path / "a") != same


def test_the_checksum_of_a_tracked_file_or_folder_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("data/folder").mkdir(parents=True)
    Path("data/mine.hdf5.dvc").write_text("outs:\n- md5: abc\n  path: mine.hdf5\n")
    Path("data/folder.dvc").write_text("outs:\n- md5: def.dir\n  path: folder\n")
    assert tracked_md5("data/mine.hdf5") == "abc"
    assert tracked_md5("data/folder/inside.hdf5") == "def.dir"
    assert tracked_md5("data/other.hdf5") is None


def test_records_move_into_results_once(project: Path) -> None:
    Path(".snakemake/metadata/@long").mkdir(parents=True)
    Path(".snakemake/metadata/a").write_text("{}")
    Path(".snakemake/metadata/@long/b").write_text("{}")
    for _ in range(2):
        provenance.keep_records_with_results()
        assert Path(".snakemake/metadata").readlink() == Path("../results/.provenance")
        assert sorted(p.name for p in Path("results/.provenance").rglob("*") if p.is_file()) == ["a", "b"]


@pytest.mark.parametrize("link", [os.link, os.symlink])
def test_records_linked_from_a_cache_become_copies(project: Path, link) -> None:
    cached = project / "cached"
    cached.write_text("{}")
    cached.chmod(0o444)
    Path("results/.provenance").mkdir(parents=True)
    link(cached, Path("results/.provenance/record"))
    provenance.keep_records_with_results()
    Path("results/.provenance/record").write_text("changed")
    assert cached.read_text() == "{}"


class Recorded:
    """Two files that Snakemake made and recorded: `source` was read to make `target`."""

    def __init__(self) -> None:
        Path("results/.provenance").mkdir(parents=True)
        Path(".snakemake/incomplete").mkdir(parents=True)
        self.source, self.target = f"results/{60 * 'long/'}source", "results/target"
        for file, text in ((self.source, "one"), (self.target, "two")):
            Path(file).parent.mkdir(parents=True, exist_ok=True)
            Path(file).write_text(text)
        self.record(self.source, {})
        self.record(self.target, {self.source: f"sha256:{file_hash(self.source)}"})

    def record(self, file: str, inputs: dict[str, str]) -> None:
        path = self.place(Path("results/.provenance"), file)
        path.write_text(json.dumps({"endtime": Path(file).stat().st_mtime, "input_checksums": inputs}))

    @staticmethod
    def place(folder: Path, file: str) -> Path:
        """Where Snakemake puts what it knows about `file`: a base64 name, cut into folders where it is long."""
        name = base64.urlsafe_b64encode(file.encode()).decode()
        *above, last = textwrap.wrap(name, 254)
        path = folder.joinpath(*(f"@{piece}" for piece in above), last)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path


@pytest.fixture
def recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Recorded:
    monkeypatch.chdir(tmp_path)
    return Recorded()


def test_files_as_recorded_are_trusted(recorded: Recorded) -> None:
    assert provenance.untrusted() == []
    os.utime(recorded.source, (1, 1))
    assert provenance.untrusted() == []


def test_a_file_with_other_contents_is_not_trusted(recorded: Recorded) -> None:
    Path(recorded.source).write_text("other")
    os.utime(recorded.source, (1, 1))
    assert provenance.untrusted() == [recorded.source]
    with pytest.raises(UserError, match=r"not the files that your results were computed from: .*source.*dvc checkout"):
        provenance.refuse_mixture()


def test_a_file_that_was_just_made_again_or_never_finished_is_for_snakemake_to_judge(recorded: Recorded) -> None:
    Path(recorded.source).write_text("made again")
    recorded.record(recorded.source, {})
    assert provenance.untrusted() == []
    os.utime(recorded.source, (1, 1))
    assert provenance.untrusted() == [recorded.source]
    recorded.place(Path(".snakemake/incomplete"), recorded.source).touch()
    assert provenance.untrusted() == []
    Path(recorded.source).unlink()
    assert provenance.untrusted() == []

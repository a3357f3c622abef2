"""Code hashes and fingerprints."""

from __future__ import annotations

from pathlib import Path

import pytest

from stages import provenance
from stages.provenance import code_hash, file_hash, fingerprint, imported_modules

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
    for function in (provenance._source, provenance._read, imported_modules):
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

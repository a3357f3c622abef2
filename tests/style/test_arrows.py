"""Rooms are read in one order: none imports a later one, so none are in a circle."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.style.arrows import ROOT, against, arrows, written_order


def test_no_import_goes_against_the_order_of_rooms() -> None:
    assert [str(arrow) for arrow in against(written_order())] == []


def test_every_room_is_there_once() -> None:
    order = written_order()
    assert len(set(order)) == len(order)
    assert [room for room in order[:-1] if not list((ROOT / "stages").glob(f"{room}*"))] == []
    assert order[-1] == "verbs"


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """Two rooms, and a verb."""
    (tmp_path / "CONTRIBUTING.md").write_text("# Rooms\n\n```rooms\nerrors data\nfamily  verbs\n```\n")
    for name, text in {
        "errors.py": "", "data/__init__.py": "", "data/reading.py": "from stages import errors\n",
        "family/__init__.py": "", "family/method.py": "import stages.data.reading\n",
        "act.py": "from .family import x\n",
    }.items():  # fmt: skip
        (tmp_path / "stages" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "stages" / name).write_text(text)
    return tmp_path


def test_the_arrow_that_breaks_the_order_is_named(house: Path) -> None:
    order = written_order(house)
    assert [(arrow.user, arrow.used) for arrow in arrows(order, house)] == [
        ("verbs", "family"), ("data", "errors"), ("family", "data")
    ]  # fmt: skip
    assert against(order, house) == []
    (house / "stages/data/reading.py").write_text("def read():\n    from stages.family.method import x\n")
    (broken,) = against(order, house)
    assert str(broken) == "stages/data/reading.py:2: data imports family, which comes after it"


def test_a_package_without_a_place_in_the_order_is_named(house: Path) -> None:
    (house / "stages/attic").mkdir()
    (house / "stages/attic/old.py").write_text("")
    with pytest.raises(ValueError, match="stages/attic is not among the rooms"):
        against(written_order(house), house)

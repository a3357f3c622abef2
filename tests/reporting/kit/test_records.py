from dataclasses import dataclass
from pathlib import Path

import pytest

from stages.errors import UserError
from stages.reporting.kit.records import frame, read_rows, write_table


@dataclass(frozen=True)
class Row:
    name: str
    number: int
    share: float | None = None


def test_rows_come_back_as_they_were(tmp_path: Path):
    rows = [Row("a", 1, 0.5), Row("b", 2)]
    write_table(tmp_path / "rows.csv", frame(rows, Row))
    assert read_rows(tmp_path / "rows.csv", Row) == rows
    assert list(frame([], Row).columns) == ["name", "number", "share"]


@pytest.mark.parametrize(("text", "cause"), [("name\na\n", "number"), ("name,number\na,many\n", "number")])
def test_rows_of_another_kind_are_refused(tmp_path: Path, text: str, cause: str):
    path = tmp_path / "rows.csv"
    path.write_text(text)
    with pytest.raises(UserError, match=cause) as refused:
        read_rows(path, Row)
    assert str(path) in str(refused.value) and "\n" not in str(refused.value)

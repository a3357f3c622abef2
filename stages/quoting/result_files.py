"""Result files that pages quote: ``docs/results/<profile>/<table>.csv``, small tables that say where they come from.

The first lines are comments, ``# commit: e09003d`` and so on; the rest is CSV, one line per row of a table's dataclass,
with empty cells for what is not known.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from types import NoneType
from typing import Any, TypeVar, get_args, get_type_hints

from stages.errors import UserError
from stages.made_files import reading
from stages.replacing import replacing

Row = TypeVar("Row")
MAY_BE_EMPTY = {"note"}
AGAIN = "Take it again (--take)"


@dataclass(frozen=True)
class Origin:
    """How the numbers came about, in words.

    Attributes:
        profile: Settings that the results were made with.
        commit: Version of the project that made them.
        machine: Kind of machine.
        cost: Time that it took.
        note: What a reader of the numbers has to know besides; may be empty.
    """

    profile: str
    commit: str
    machine: str
    cost: str
    note: str = ""


def place(folder: Path, profile: str, table: str) -> Path:
    """Where the file lies."""
    return folder / profile / f"{table}.csv"


def read(path: Path, kind: type[Row]) -> tuple[Origin, list[Row]]:
    """Origin and rows, each a `kind`.

    Raises:
        UserError: There is no such file, it does not say where it comes from, or its columns are others.
    """
    if not path.exists():
        remedy = f"Take it from a finished run: python -m stages.quote --take results --profile {path.parent.name}"
        raise UserError("no such result file", place=str(path), remedy=remedy)
    with reading(path, remedy=AGAIN):
        lines = path.read_text(encoding="utf-8-sig").splitlines(keepends=True)
        if lines and not lines[-1].endswith("\n"):
            raise ValueError("its last line is cut off")
        head = [line for line in lines if line.startswith("# ")]
        columns, *cells = [*csv.reader(lines[len(head) :])] or [[]]
    said = {key: value for key, _, value in (line[2:].strip().partition(": ") for line in head)}
    names = [field.name for field in fields(Origin)]
    if missing := [name for name in names if name not in MAY_BE_EMPTY and not said.get(name)]:
        raise UserError(f"does not say its {', '.join(missing)}", place=str(path), remedy=AGAIN)
    hints = get_type_hints(kind)
    if columns != [*hints]:
        raise UserError(f"the columns are not {', '.join(hints)}", place=str(path), remedy=AGAIN)
    with reading(path, remedy=AGAIN):
        rows = [
            kind(**{name: _value(text, hints[name]) for name, text in zip(columns, row, strict=True)}) for row in cells
        ]
    return Origin(**{name: said.get(name, "") for name in names}), rows


def write(path: Path, origin: Origin, rows: Sequence[Any]) -> None:
    """The file of dataclasses of one kind, with its origin on top; numbers with six digits."""
    text = io.StringIO()
    text.writelines(f"# {key}: {value}\n" for key, value in asdict(origin).items() if value)
    table = csv.writer(text, lineterminator="\n")
    table.writerow(field.name for field in fields(rows[0]))
    table.writerows([_text(value) for value in asdict(row).values()] for row in rows)
    with replacing(path) as temporary:
        temporary.write_text(text.getvalue(), encoding="utf-8")


def _value(text: str, hint: Any) -> Any:
    """A cell as the field's type; where it may be None, an empty one is."""
    kinds = get_args(hint) or (hint,)
    if not text and NoneType in kinds:
        return None
    if kinds[0] is bool:
        return {"True": True, "False": False}[text]
    return kinds[0](text)


def _text(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)

"""Rows of tables and records of JSON as frozen dataclasses: checked when they are read, flat when they are written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import MISSING, asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from stages.errors import UserError
from stages.made_files import read_table
from stages.replacing import replacing

if TYPE_CHECKING:
    import pandas as pd

Record = TypeVar("Record")
REMEDY = "Remove it and run `snakemake`"


def parsed(kind: type[Record], values: Any, path: Path, what: str) -> Record:
    """`values` as a `kind`, a dataclass; further values are ignored, empty ones have their defaults.

    Args:
        kind: The dataclass.
        values: Plain values by field.
        path: Where they come from.
        what: What the file should be, such as ``no diagnostics``.

    Raises:
        UserError: Something is missing or not what it should be.
    """
    try:
        return TypeAdapter(kind).validate_python(values)
    except ValidationError as error:
        problem = error.errors()[0]
        field = ".".join(map(str, problem["loc"]))
        raise UserError(f"{what} ({field}: {problem['msg']})", place=str(path), remedy=REMEDY) from error


def read_rows(path: Path, kind: type[Record]) -> list[Record]:
    """The rows of a CSV file, see `parsed`."""
    needed = [field.name for field in fields(kind) if field.default is field.default_factory is MISSING]
    return [
        parsed(kind, {key: text for key, text in row.items() if text}, path, f"not the table of the {path.parent.name}")
        for row in read_table(path, needed)
    ]


def frame(rows: Sequence[Any], kind: type[Any]) -> pd.DataFrame:
    """Dataclasses of one kind as rows of a table, a column for each field."""
    import pandas as pd  # loaded here: it takes a quarter of a second, and reading rows has no use for it

    return pd.DataFrame([asdict(row) for row in rows], columns=[field.name for field in fields(kind)])


def write_table(path: Path | str, table: pd.DataFrame) -> None:
    """A CSV file of a table, numbers with six digits, at once or not at all."""
    with replacing(path) as temporary:
        table.to_csv(temporary, index=False, float_format="%.6g")

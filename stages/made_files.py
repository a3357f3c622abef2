"""Files that stages made, read back: one that is missing, empty, cut or another program's is named in one line."""

from __future__ import annotations

import csv
import io
import json
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

from safetensors import SafetensorError

from stages.errors import UserError
from stages.system_errors import number_of, refuse_pipes, system_error

# What json, csv, numpy, zipfile, safetensors and torch (RuntimeError) make of such files; the last three are of entries
# that are not there, or are other than they should be.
DAMAGED = (
    *(OSError, ValueError, EOFError, csv.Error, BadZipFile, zlib.error, SafetensorError, RuntimeError),
    *(LookupError, TypeError, AttributeError),
)
REMAKE = "Delete it and run `snakemake` to make it again"


@contextmanager
def reading(path: Path | str, cause: str = "is damaged", remedy: str = REMAKE) -> Iterator[None]:
    """Read the made file `path` in the block, and nothing else.

    Args:
        path: The file.
        cause: What is wrong where its contents are, such as ``is no evaluation``; the reason is added.
        remedy: What to do then.

    Raises:
        UserError: It cannot be read, or its contents are not what they should be.
    """
    refuse_pipes(path)
    try:
        yield
    except FileNotFoundError as error:
        raise UserError("no such file", place=str(path), remedy="Run `snakemake` to make it") from error
    except DAMAGED as error:
        if isinstance(error, OSError) and number_of(error):
            raise system_error(error, path) from error
        reason = " ".join(str(error).split()) or type(error).__name__
        raise UserError(f"{cause} ({reason})", place=str(path), remedy=remedy) from error


def json_object(text: str) -> dict[str, Any]:
    """The object that a JSON text holds.

    Raises:
        ValueError: It is not JSON, or not an object.
    """
    values = json.loads(text)
    if not isinstance(values, dict):
        raise ValueError("not a JSON object")
    return values


def read_object(path: Path) -> dict[str, Any]:
    """The object in a JSON file.

    Raises:
        UserError: It cannot be read, or holds something else.
    """
    with reading(path):
        return json_object(path.read_text(encoding="utf-8"))


def read_table(
    path: Path, needed: Iterable[str] = (), delimiter: str = ",", remedy: str = REMAKE
) -> list[dict[str, str]]:
    """The rows of a table, as texts by column; there may be none of them.

    Args:
        path: The file.
        needed: Columns that have to be there.
        delimiter: What stands between cells.
        remedy: What to do where it is damaged.

    Raises:
        UserError: It cannot be read, lacks a column, or was cut short: a row has more or fewer cells than there are
            columns, or the last line does not end.
    """
    with reading(path, remedy=remedy):
        text = path.read_text(encoding="utf-8")
        if not text.endswith("\n"):
            raise ValueError("its last line is cut off" if text else "it is empty")
        columns, *rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        if missing := [column for column in needed if column not in columns]:
            raise ValueError(f"it has no column {missing[0]}")
        return [dict(zip(columns, row, strict=True)) for row in rows]

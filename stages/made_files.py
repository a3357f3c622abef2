"""Files that stages made, read back: one that is missing, empty, cut or another program's is named in one line."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from zipfile import BadZipFile

from stages.errors import UserError
from stages.system_errors import number_of, system_error

# What json, csv, numpy and zipfile make of such files; a KeyError is an array that is not there.
DAMAGED = (OSError, ValueError, KeyError, TypeError, EOFError, BadZipFile, zlib.error, RecursionError)


@contextmanager
def reading(path: Path | str) -> Iterator[None]:
    """Read the made file `path` in the block, and nothing else.

    Raises:
        UserError: It cannot be read; the remedy is to make it again.
    """
    try:
        yield
    except FileNotFoundError as error:
        raise UserError("no such file", place=str(path), remedy="Run `snakemake` to make it") from error
    except DAMAGED as error:
        if isinstance(error, OSError) and number_of(error):
            raise system_error(error, path) from error
        reason = " ".join(str(error).split()) or type(error).__name__
        remedy = "Delete it and run `snakemake` to make it again"
        raise UserError(f"is damaged ({reason})", place=str(path), remedy=remedy) from error

"""Writing a file at once or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from stages.system_errors import naming

BEGINNING = 40


@contextmanager
def replacing(path: Path | str) -> Iterator[Path]:
    """A temporary path beside `path` to write to; it becomes `path` if the block succeeds and is removed if not.

    Raises:
        UserError: The system refuses: no space, no permission, a folder of that name.
    """
    path = Path(path)
    with naming(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        # The name's beginning only: with the random part it would exceed what file systems allow.
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:BEGINNING]}.", suffix=path.suffix[:16])
        os.close(handle)
        temporary = Path(name)
        try:
            yield temporary
            temporary.chmod(0o644)
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)


def is_among(path: Path | str, others: Iterable[Path | str]) -> bool:
    """Whether a file is one of others, under whatever name."""
    real = os.path.realpath(path)
    return any(os.path.realpath(other) == real for other in others)

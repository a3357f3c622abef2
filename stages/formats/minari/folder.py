"""The folder of a Minari dataset, found from any path into it and replaced at once or not at all.

``<root>/<namespace>/<name>-v<N>/data`` holds ``metadata.json`` and either ``main_data.hdf5`` or one folder per episode.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stages.errors import UserError
from stages.formats.hdf5_files import is_hdf5, opened

METADATA_FILE = "metadata.json"
MAIN_FILE = "main_data.hdf5"


def data_folder(path: Path) -> Path | None:
    """The ``data`` folder that `path` belongs to; None if it is not part of a Minari dataset.

    Args:
        path: A dataset's folder, its ``data`` folder, or the HDF5 file in there.
    """
    if path.is_dir():
        candidates = (path / "data", path)
        return next((folder for folder in candidates if _holds_data(folder)), None)
    if path.name == MAIN_FILE:
        return path.parent
    if is_hdf5(path):
        with opened(path) as file:
            return path.parent if "episode_0" in file else None
    return None


@contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """A temporary folder beside `path` to fill; it becomes `path` if the block succeeds and is removed if not.

    Raises:
        UserError: `path` holds something other than a Minari dataset.
    """
    _check_replaceable(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}."))
    old = temporary.with_name(f"{temporary.name}.old")
    try:
        temporary.chmod(0o755)
        yield temporary
        if path.exists():
            os.rename(path, old)  # A folder cannot be replaced by another in one step.
        try:
            os.rename(temporary, path)
        except OSError:
            if old.exists():
                os.rename(old, path)
            raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def _holds_data(folder: Path) -> bool:
    return (folder / METADATA_FILE).is_file() or (folder / MAIN_FILE).is_file()


def _check_replaceable(path: Path) -> None:
    if not path.exists():
        return
    contents = {entry.name for entry in path.iterdir()} if path.is_dir() else {path.name}
    if contents and not (contents == {"data"} and _holds_data(path / "data")):
        cause = "holds something other than a Minari dataset, which would be lost"
        raise UserError(cause, place=str(path), remedy="Give a new folder, such as datasets/hopper-v0")

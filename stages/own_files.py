"""The user's own files, as the workflow sees them: what an import reads, and what tells that it has changed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from stages.errors import UserError
from stages.provenance import file_hash
from stages.system_errors import naming

MARKER = re.compile(rb"^(?:<{7} |={7}$|>{7} )", re.MULTILINE)


def followed(path: Path | str) -> list[str]:
    """The files that Snakemake compares: `path`, or what lies in that folder; but for names with braces.

    Snakemake takes braces for wildcards, wherever a name comes from, so those are left to `contents`.
    """
    files = sorted(map(str, _files(Path(path)))) if Path(path).is_dir() else [str(path)]
    return [file for file in files if not _has_braces(file)]


def contents(path: Path | str) -> str | None:
    """What else tells a change: DVC's checksum, or one of all contents where not every file is `followed`."""
    left_out = any(map(_has_braces, [str(path), *map(str, _files(Path(path)))]))
    if left_out and Path(path).exists():
        with naming(path):
            return file_hash(path)
    return tracked_md5(path)


def check_readable(path: Path | str) -> None:
    """See that the workflow can follow one of the user's own files or folders.

    Raises:
        UserError: It, or its ``.dvc`` file, may not be read or is damaged.
    """
    for file in _files(Path(path)) if Path(path).is_dir() else [Path(path)]:
        with naming(file), open(file, "rb"):
            pass
    tracked_md5(path)


def tracked_md5(path: Path | str) -> str | None:
    """The MD5 that DVC has on record for a file or folder, or for the folder it lies in.

    None if it is untracked, or tracked by something other than an MD5 (an etag, a version in the cloud).

    Raises:
        UserError: The ``.dvc`` file cannot be read, is not YAML, or is half merged.
    """
    for candidate in (Path(path), *Path(path).parents):
        record = candidate.with_name(f"{candidate.name}.dvc") if candidate.name else None
        if record is not None and record.is_file():
            return _recorded_md5(record, candidate.name)
    return None


def _recorded_md5(record: Path, name: str) -> str | None:
    """The MD5 of the output called `name` in a ``.dvc`` file; of its only output if the name is not given."""
    with naming(record):
        raw = record.read_bytes()
    if MARKER.search(raw):
        cause, remedy = "holds the marks of an unfinished merge", f"Keep one side, or run `dvc add` on {name} again"
        raise UserError(cause, place=str(record), remedy=remedy)
    try:
        # Every value a text: an MD5 of digits alone would become a number.
        values = yaml.load(raw.decode("utf-8-sig"), yaml.BaseLoader)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise UserError("is not YAML", place=str(record), remedy=f"Run `dvc add` on {name} again") from error
    outputs = [output for output in _listed(values, "outs") if isinstance(output, dict)]
    matching = [output for output in outputs if Path(str(output.get("path", name))).name == name]
    found = next((output.get("md5") for output in matching), None)
    return found if isinstance(found, str) and found else None


def _listed(values: Any, key: str) -> list[Any]:
    found = values.get(key) if isinstance(values, dict) else None
    return found if isinstance(found, list) else []


def _files(folder: Path) -> list[Path]:
    """Files in a folder, without hidden ones, which file managers leave behind; none if it is no folder."""
    if not folder.is_dir():
        return []
    with naming(folder):
        found = [path for path in folder.rglob("*") if path.is_file()]
    return [path for path in found if not any(part.startswith(".") for part in path.relative_to(folder).parts)]


def _has_braces(name: str) -> bool:
    return "{" in name or "}" in name

"""Snakemake's records, which travel with the results, and whether the files on disk are those that were recorded.

Snakemake keeps one record per output: settings, code hash and the checksums of the inputs it was made from. Kept inside
`results/`, the records are versioned together with the files they describe, so a restored version is known to be up to
date and a changed one is not. A record that a power cut left empty or half is removed, and the file it described counts
as unfinished; files of other programs among the records are left alone.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from stages.errors import UserError
from stages.provenance import file_hash
from stages.system_errors import naming

RECORDS = Path("results/.provenance")
SNAKEMAKE = Path(".snakemake")
LONGEST_NAME = 254
COPY = ".record-"
PIECE = re.compile(r"@?[A-Za-z0-9_-]+=*")


def keep_records_with_results() -> None:
    """Let Snakemake keep its records in `results/.provenance`, so that they travel with the results.

    Records that DVC linked from its cache are replaced by copies, because Snakemake rewrites records in place.

    Raises:
        UserError: Records cannot be read or written.
    """
    with naming(RECORDS):
        RECORDS.mkdir(parents=True, exist_ok=True)
        link = SNAKEMAKE / "metadata"
        if not link.is_symlink():
            if link.is_dir():
                _move_contents(link, RECORDS)
            (SNAKEMAKE / "incomplete").mkdir(parents=True, exist_ok=True)
            link.symlink_to(Path("..") / RECORDS)
    for record in list(_files(RECORDS)):
        with naming(record):
            if record.name.startswith(COPY):
                record.unlink()
            elif record.is_symlink() or record.stat().st_nlink > 1 or not os.access(record, os.W_OK):
                _detach(record)
    for record, path in list(_records()):
        if _read(record) is None:
            _forget(record, path)


def untrusted() -> list[str]:
    """Made files that are neither as Snakemake left them nor as their latest reader found them.

    Such a file comes from another version (half a restore) or is damaged. Planning on it would mix versions.
    """
    records = {path: values for record, path in _records() if (values := _read(record)) is not None}
    found: dict[str, str] = {}
    for reader in sorted(records.values(), key=lambda record: record["endtime"]):
        found |= reader["input_checksums"] or {}
    return sorted(
        path
        for path, record in records.items()
        if path in found
        and Path(path).is_file()
        and Path(path).stat().st_mtime != record["endtime"]
        and not _incomplete(path).exists()
        and file_hash(path) != found[path].rpartition(":")[2]
    )


def refuse_mixture() -> None:
    """Stop where files come from different versions.

    Raises:
        UserError: Some files are not those that the results were computed from, see `untrusted`.
    """
    if changed := untrusted():
        raise UserError(
            f"not the files that your results were computed from: {', '.join(changed)}",
            remedy="Restore a whole version with `dvc checkout`, or delete these files to make them again",
        )


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file() or path.is_symlink())


def _records() -> Iterator[tuple[Path, str]]:
    """Every record and the output that it describes: its name is base64, over several folders where it is long."""
    for record in sorted(_files(RECORDS)):
        parts = record.relative_to(RECORDS).parts
        if all(PIECE.fullmatch(part) for part in parts):
            try:
                path = base64.urlsafe_b64decode("".join(part.removeprefix("@") for part in parts)).decode()
            except (binascii.Error, UnicodeDecodeError):
                continue
            if path.isprintable():
                yield record, path


def _read(record: Path) -> dict[str, Any] | None:
    """What a record says; None if it is not whole.

    Raises:
        UserError: It may not be read.
    """
    with naming(record):
        raw = record.read_bytes()
    try:
        values = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    whole = isinstance(values, dict) and isinstance(values.get("endtime"), int | float)
    checksums = values.get("input_checksums", {}) if whole else None
    texts = isinstance(checksums, dict) and all(isinstance(text, str) for text in checksums.values())
    return values | {"input_checksums": checksums} if whole and texts else None


def _forget(record: Path, path: str) -> None:
    """Let the file that a broken record described count as unfinished, so that its job runs again."""
    marker = _incomplete(path)
    with naming(record):
        marker.parent.mkdir(parents=True, exist_ok=True)
        marker.write_text('{"external_jobid": null}', encoding="utf-8")
        record.unlink()


def _incomplete(path: str) -> Path:
    """Where Snakemake says that a file is unfinished."""
    name = base64.urlsafe_b64encode(path.encode()).decode()
    pieces = [name[i : i + LONGEST_NAME] for i in range(0, len(name), LONGEST_NAME)]
    return (SNAKEMAKE / "incomplete").joinpath(*(f"@{piece}" for piece in pieces[:-1]), pieces[-1])


def _detach(record: Path) -> None:
    """Replace a link to a record by a copy. A copy's name is short: a record's may be as long as names can be."""
    handle, name = tempfile.mkstemp(dir=record.parent, prefix=COPY)
    os.close(handle)
    shutil.copyfile(record, name)
    Path(name).chmod(0o644)
    os.replace(name, record)


def _move_contents(source: Path, target: Path) -> None:
    for record in list(_files(source)):
        moved = target / record.relative_to(source)
        moved.parent.mkdir(parents=True, exist_ok=True)
        record.replace(moved)
    for folder in sorted((path for path in source.rglob("*") if path.is_dir()), reverse=True):
        folder.rmdir()
    source.rmdir()

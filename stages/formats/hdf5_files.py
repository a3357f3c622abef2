"""HDF5 files and what is in them, opened so that nothing is read that the file does not hold itself.

HDF5 reads as zeros what was never written and, in silence, parts of virtual arrays whose sources are missing. An array
that lies elsewhere (a link into another file, raw data outside, a virtual array) is refused: its numbers can change
without this file changing. Links within the file are followed.
"""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import h5py

from stages.errors import UserError
from stages.formats.base import begins_with
from stages.formats.report import Report
from stages.system_errors import number_of, refuse_pipes, system_error

SIGNATURE = b"\x89HDF\r\n\x1a\n"
STORE = "Store the numbers themselves: file.create_dataset(key, data=array)"


@contextmanager
def opened(path: Path | str) -> Iterator[h5py.File]:
    """The HDF5 file, opened for reading.

    Raises:
        UserError: The file is missing, locked, may not be read, is not HDF5, was cut short or is damaged.
    """
    path = Path(path)
    refuse_pipes(path)
    if path.exists() and not path.is_file():
        raise UserError("not an HDF5 file but a folder", place=str(path), remedy="Check the path")
    if not path.exists():
        raise UserError("no such file", place=str(path), remedy="Check the path")
    if not is_hdf5(path):
        raise UserError("not an HDF5 file", place=str(path), remedy="Check that the download is complete")
    try:
        with h5py.File(path, "r") as file:
            yield file
    except MemoryError as error:
        remedy = "Use a smaller file, or a machine with more"
        raise UserError("its arrays need more memory than there is", place=str(path), remedy=remedy) from error
    except (OSError, RuntimeError, KeyError, ValueError) as error:  # What h5py makes of damaged files.
        if number_of(error):
            raise system_error(error, path) from error
        cause = "cut short" if "truncated" in str(error) else "damaged"
        detail = str(error).strip("'\"")
        remedy = "Download or make it again"
        raise UserError(f"the HDF5 file is {cause} ({detail})", place=str(path), remedy=remedy) from error


def is_hdf5(path: Path) -> bool:
    """Whether `path` is a file that begins like HDF5, or does so after a block of the user's."""
    return begins_with(path, SIGNATURE) or (path.is_file() and bool(h5py.is_hdf5(path)))


def member(group: h5py.Group, key: str, report: Report) -> h5py.HLObject | None:
    """The array or group called `key`, such as ``rewards`` or ``infos/cost``; None if there is none.

    Raises:
        UserError: It lies elsewhere, leads nowhere, or is stored in a way that cannot be read here.
    """
    inner, _, rest = key.partition("/")
    link = group.get(inner, getlink=True) if inner in group else None
    if link is None:
        return None
    try:
        found = group[inner]
    except (KeyError, OSError):
        if isinstance(link, h5py.HardLink):
            raise
        _refuse(report, key, f"is a link to {_target(link)}, which is not there", STORE)
    if rest and isinstance(found, h5py.Group) and found.file.filename == group.file.filename:
        return member(found, rest, report)
    if rest and isinstance(found, h5py.Dataset):
        return None
    _check_here(found, group, key, report)
    return found


def _check_here(found: h5py.HLObject, group: h5py.Group, key: str, report: Report) -> None:
    if found.file.filename != group.file.filename:
        _refuse(report, key, f"lies in another file, {found.file.filename}", STORE)
    if not isinstance(found, h5py.Dataset):
        return
    if found.is_virtual:
        sources = ", ".join(sorted({source.file_name for source in found.virtual_sources()})) or "nothing"
        _refuse(report, key, f"is a virtual array, made of others in {sources}", STORE)
    if found.external:
        files = ", ".join(sorted({str(name) for name, _, _ in found.external}))
        _refuse(report, key, f"has its numbers outside of the file, in {files}", STORE)
    _check_filters(found, key, report)
    _note_unwritten(found, key, report)


def _check_filters(array: h5py.Dataset, key: str, report: Report) -> None:
    """Compression that h5py has not got; the usual collection of it is used where it is installed."""
    stored = array.id.get_create_plist()
    filters = [stored.get_filter(index) for index in range(stored.get_nfilters())]
    missing = [(code, name) for code, _, _, name in filters if not h5py.h5z.filter_avail(code)]
    if missing:
        with contextlib.suppress(ImportError):
            importlib.import_module("hdf5plugin")
        missing = [(code, name) for code, name in missing if not h5py.h5z.filter_avail(code)]
    if missing:
        code, name = missing[0]
        called = f" ({name.decode(errors='replace')})" if name else ""
        remedy = "pip install hdf5plugin, or store it with compression='gzip'"
        _refuse(report, key, f"is compressed with the HDF5 filter {code}{called}, which is not installed", remedy)


def _note_unwritten(array: h5py.Dataset, key: str, report: Report) -> None:
    """Numbers that nobody wrote are read as 0: a recording that was cut, or room that it did not need."""
    if not array.size:
        return
    if array.chunks is None:
        share = float(array.id.get_space_status() == h5py.h5d.SPACE_STATUS_NOT_ALLOCATED)
    else:
        written, chunks = array.id.get_num_chunks(), 1
        for size, chunk in zip(array.shape, array.chunks, strict=True):
            chunks *= -(-size // chunk)
        share = 1 - written / chunks
    if share > 0:
        remedy = "Check that the recording is complete"
        report.note(
            "not-written", f"{share:.0%} of it were never written, and are read as {array.fillvalue}", key, remedy
        )


def _target(link: h5py.SoftLink | h5py.ExternalLink) -> str:
    return f"{link.path} in {link.filename}" if isinstance(link, h5py.ExternalLink) else str(link.path)


def _refuse(report: Report, key: str, cause: str, remedy: str) -> NoReturn:
    report.error("elsewhere" if remedy == STORE else "filter", cause, key, remedy)
    report.refuse()
    raise AssertionError("a report with an error refuses")

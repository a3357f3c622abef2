"""What the operating system refuses, as one line: which file, what was the matter, what to do about it."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stages.errors import UserError

LOCKED = "is open elsewhere and locked"
UNLOCK = "Close it there (a notebook?) and try again, or set HDF5_USE_FILE_LOCKING=FALSE"
KNOWN: dict[int, tuple[str, str]] = {
    errno.ENOENT: ("no such file", "Check the path"),
    errno.EACCES: ("permission denied", "Ask its owner, or change its permissions with chmod"),
    errno.EPERM: ("the operation is not permitted", "Ask its owner, or change its permissions with chmod"),
    errno.EISDIR: ("is a folder, not a file", "Name a file, or move the folder away"),
    errno.ENOTDIR: ("a part of the path is a file, not a folder", "Check the path"),
    errno.EEXIST: ("exists already, as something else", "Move it away"),
    errno.ENOTEMPTY: ("the folder is not empty", "Move its contents away"),
    errno.ENAMETOOLONG: ("the name is too long for the file system", "Choose a shorter name"),
    errno.ELOOP: ("is a link that leads back to itself", "Remove the link"),
    errno.EAGAIN: (LOCKED, UNLOCK),
    errno.EBUSY: (LOCKED, UNLOCK),
    errno.ENOLCK: ("the file system cannot lock files", "Set HDF5_USE_FILE_LOCKING=FALSE, or copy it to another disk"),
    errno.ENOSPC: ("no space is left on the device", "Free some space and run it again"),
    errno.EDQUOT: ("the quota of the disk is used up", "Free some space and run it again"),
    errno.EFBIG: ("is larger than the file system allows", "Use another disk"),
    errno.EROFS: ("the file system can only be read", "Use another folder"),
    errno.EMFILE: ("too many files are open", "Close some, or raise the limit with ulimit -n"),
    errno.ENFILE: ("too many files are open on this machine", "Close some"),
    errno.ENOMEM: ("there is not enough memory", "Use a smaller dataset, or a machine with more"),
    errno.EIO: ("the disk or the network failed", "Try again; if it stays, use another copy"),
    errno.ESTALE: ("the network drive lost it", "Try again"),
    errno.ETIMEDOUT: ("the network drive does not answer", "Try again"),
}
# Libraries that open files themselves put the number into their text.
IN_TEXT = re.compile(r"(?:errno = |os error |\[Errno )(\d+)")


def number_of(error: BaseException) -> int | None:
    """The system's number of an `OSError`, or of a library's error that quotes one; None if there is none."""
    number = getattr(error, "errno", None)
    if isinstance(number, int):
        return number
    found = IN_TEXT.search(str(error))
    return int(found[1]) if found else None


def system_error(error: BaseException, path: Path | str | None = None) -> UserError:
    """The one line for an error with a `number_of`; its place is `path`, or the file that the error names."""
    number = number_of(error) or 0
    place = path if path is not None else getattr(error, "filename", None)
    reason = os.strerror(number) if number else " ".join(str(error).split()) or type(error).__name__
    cause, remedy = KNOWN.get(number, (reason[0].lower() + reason[1:], ""))
    return UserError(cause, place="" if place is None else str(place), remedy=remedy)


def refuse_pipes(path: Path | str) -> None:
    """Stop at what only looks like a file: reading a pipe waits for ever, reading a device never ends.

    Raises:
        UserError: `path` is there, and neither file nor folder.
    """
    if os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path):
        raise UserError("is a pipe or a device, not a file", place=str(path), remedy="Name a plain file")


@contextmanager
def naming(path: Path | str) -> Iterator[None]:
    """Turn what the system refuses inside the block into one line about `path`.

    Raises:
        UserError: In place of an error with a `number_of`, or `path` is no file.
    """
    refuse_pipes(path)
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        if number_of(error) is None:
            raise
        raise system_error(error, path) from error

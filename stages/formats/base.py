"""The contract of a dataset file format. A new format is one file here that registers a subclass."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar

from stages.datasets.episodes import EpisodeDataset
from stages.errors import UserError
from stages.formats import FORMATS
from stages.formats.meaning import AS_STORED, Meaning
from stages.formats.report import Report
from stages.system_errors import naming

# What may be found in place of a dataset, by its first bytes.
OTHERS = {
    b"version https://git-lfs": ("is Git LFS's pointer to the data", "Fetch the data: git lfs pull"),
    b"\x1f\x8b": ("is compressed with gzip", "Unpack it: gunzip"),
    b"\x93NUMPY": ("is one array, not a dataset", "Store all arrays with numpy.savez"),
    b"\x80": ("is a pickle, which could run any program when read", "Store its arrays with numpy.savez"),
    b"<": ("is a web page, or XML", "Download the file itself"),
}


class FileFormat(ABC):
    """Reads, and where it can also writes, one layout. Register with ``@FORMATS.register(name, Settings)``.

    Attributes:
        as_recorded: Whether the episodes of a file lie in the order of recording, if it does not say so itself.
    """

    as_recorded: ClassVar[bool] = True

    @abstractmethod
    def recognises(self, path: Path) -> bool:
        """Whether the existing file (or folder) `path` has this layout.

        Raises:
            UserError: It has, or could have, but is damaged.
        """

    @abstractmethod
    def read(self, path: Path, report: Report, meaning: Meaning = AS_STORED) -> EpisodeDataset:
        """The dataset in `path`. Everything that is not taken over as it stands is noted in `report`.

        Args:
            path: The file, or the folder.
            report: Where findings go.
            meaning: What the user says about its arrays.

        Raises:
            UserError: The file is refused.
        """

    def write(self, path: Path, dataset: EpisodeDataset) -> None:
        """Write `dataset` to `path`, at once or not at all; equal datasets give equal bytes."""
        raise UserError("files of this format can only be read", place=str(path))


def begins_with(path: Path, signature: bytes) -> bool:
    """Whether `path` is a file that begins with these bytes.

    Raises:
        UserError: It may not be read.
    """
    with naming(path):
        if not path.is_file():
            return False
        with path.open("rb") as file:
            return file.read(len(signature)) == signature


def recognise(path: Path) -> str:
    """Name of the format of `path`.

    Raises:
        UserError: There is no such file, it may not be read, it is damaged, or no registered format recognises it.
    """
    with naming(path):
        os.stat(path)  # Raises where there is none, or a link that leads to itself.
        if path.is_dir():
            os.listdir(path)  # Raises where it may not be read.
    for name in FORMATS.names():
        if FORMATS.entry(name)().recognises(path):
            return name
    for signature, (cause, remedy) in OTHERS.items():
        if begins_with(path, signature):
            raise UserError(cause, place=str(path), remedy=remedy)
    layouts = ", ".join(FORMATS.names())
    remedy = "Store observations, actions, rewards, terminals and timeouts, a row per step, as HDF5 or npz"
    raise UserError(f"has none of the known layouts ({layouts})", place=str(path), remedy=remedy)

"""The flat HDF5 layout of D4RL and DSRL: one array per quantity, one row per step, read with all its variants.

`observations` (N, o), `actions` (N, a), `rewards` (N,), `terminals` (N,); further `timeouts` (N,), `next_observations`
(N, o) and `costs` (N,). Published files also have (N, 1) columns, float64, and flags that are numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np

from stages.datasets.report import Report
from stages.errors import UserError

Arrays = dict[str, np.ndarray]

REQUIRED = ("observations", "actions", "rewards", "terminals")
OPTIONAL = ("timeouts", "next_observations", "costs")
MATRICES = ("observations", "actions", "next_observations")
FLAGS = ("terminals", "timeouts")
SIGNATURE = b"\x89HDF\r\n\x1a\n"


@contextmanager
def opened(path: Path | str) -> Iterator[h5py.File]:
    """The HDF5 file, opened for reading.

    Raises:
        UserError: The file is missing, is not HDF5, was cut short or is damaged.
    """
    path = Path(path)
    if not path.is_file():
        raise UserError("no such file", place=str(path), remedy="Check the path")
    if not is_hdf5(path):
        raise UserError("not an HDF5 file", place=str(path), remedy="Check that the download is complete")
    try:
        with h5py.File(path, "r") as file:
            yield file
    except (OSError, RuntimeError, KeyError, ValueError, MemoryError) as error:  # What h5py makes of damaged files.
        cause = "cut short" if "truncated" in str(error) else "damaged"
        detail = str(error).strip("'\"")
        remedy = "Download or make it again"
        raise UserError(f"the HDF5 file is {cause} ({detail})", place=str(path), remedy=remedy) from error


def is_hdf5(path: Path) -> bool:
    """Whether the file begins like HDF5."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(SIGNATURE)) == SIGNATURE


def read_arrays(file: h5py.File, report: Report, required: tuple[str, ...] = REQUIRED) -> Arrays:
    """The arrays that are there, by their D4RL names: float32 and bool, of equal length, one number per step as (N,).

    Raises:
        UserError: An array is missing, has a wrong shape or kind, or there are no steps.
    """
    if missing := [key for key in required if key not in file]:
        held = ", ".join(map(str, file)) or "nothing"
        report.error("missing-key", f"no {' and no '.join(missing)}", remedy=f"The file holds {held}")
        report.refuse()
    arrays = {key: _values(file[key], key, report) for key in (*REQUIRED, *OPTIONAL) if key in file}
    report.refuse()
    lengths = {key: len(values) for key, values in arrays.items()}
    steps = lengths["observations"]
    for key, length in lengths.items():
        if length != steps:
            report.error("wrong-length", f"{length:,} rows, observations have {steps:,}", key, "Write one row per step")
    if steps == 0:
        report.error("empty", "there are no steps", remedy="Record at least one episode")
    if "next_observations" in arrays and arrays["next_observations"].shape[1] != arrays["observations"].shape[1]:
        report.error("not-an-array", "not as wide as observations", "next_observations")
    report.refuse()
    return arrays


def _values(stored: h5py.Dataset | h5py.Group, key: str, report: Report) -> np.ndarray:
    """One array in its final type; an empty one, and an error in the report, if it cannot be had."""
    nothing = np.zeros((0, 0) if key in MATRICES else 0)
    if not isinstance(stored, h5py.Dataset) or stored.dtype.kind not in "fiub":
        kind = "a group" if isinstance(stored, h5py.Group) else f"of type {stored.dtype}"
        report.error("not-an-array", f"is {kind}, not an array of numbers", key)
        return nothing
    values = stored[()]
    if key not in MATRICES and values.ndim == 2 and values.shape[1] == 1:
        report.note("column-shape", f"shape {values.shape} taken as ({len(values)},)", key)
        values = values[:, 0]
    axes = 2 if key in MATRICES else 1
    if values.ndim != axes:
        remedy = "Discrete actions and pictures are not supported" if axes == 2 else "Store one number per step"
        report.error(
            "not-an-array", f"has shape {values.shape}, needs {axes} {'axes' if axes > 1 else 'axis'}", key, remedy
        )
        return nothing
    return _flags(values, key, report) if key in FLAGS else _numbers(values, key, report)


def _flags(values: np.ndarray, key: str, report: Report) -> np.ndarray:
    if values.dtype.kind != "b" and not np.isin(values, (0, 1)).all():
        report.error("flag-values", "has values other than 0 and 1", key)
    return values.astype(bool, copy=False)


def _numbers(values: np.ndarray, key: str, report: Report) -> np.ndarray:
    if values.dtype != np.float32:
        report.note("precision", f"{values.dtype} converted to float32", key)
    with np.errstate(over="ignore"):  # What overflows is infinite then, and refused as such.
        return values.astype(np.float32, copy=False)

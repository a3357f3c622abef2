"""The flat layout of D4RL and DSRL: one array per quantity, one row per step, read with all its variants.

`observations` (N, o), `actions` (N, a), `rewards` (N,), `terminals` (N,); further `timeouts` (N,), `next_observations`
(N, o) and `costs` (N,). Actions to choose from are integers (N,). Published files also have (N, 1) columns, float64,
and flags that are numbers. What holds the arrays is an HDF5 file or anything else that gives them by name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from stages.datasets.episodes import EpisodeDataset
from stages.errors import UserError
from stages.formats.base import begins_with
from stages.formats.report import Report

Arrays = dict[str, np.ndarray]

REQUIRED = ("observations", "actions", "rewards", "terminals")
OPTIONAL = ("timeouts", "next_observations", "costs")
MATRICES = ("observations", "actions", "next_observations")
FLAGS = ("terminals", "timeouts")
OWN_NAMES = {"terminals": "terminations", "timeouts": "truncations"}
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
    """Whether `path` is a file that begins like HDF5."""
    return begins_with(path, SIGNATURE)


def read_arrays(
    file: Mapping[str, Any],
    report: Report,
    required: tuple[str, ...] = REQUIRED,
    names: Mapping[str, str] | None = None,
) -> Arrays:
    """The arrays that are there, by their D4RL names, of equal length, one number per step as (N,).

    They are float32 (actions to choose from: int64) and bool, converted while they are read: no second copy is made.

    Args:
        file: What holds the arrays.
        report: Where findings go.
        required: Arrays that must be there.
        names: The file's names of arrays that it calls otherwise.

    Raises:
        UserError: An array is missing, has a wrong shape or kind, or there are no steps.
    """
    stored = {key: (names or {}).get(key, key) for key in (*REQUIRED, *OPTIONAL)}
    if missing := [stored[key] for key in required if stored[key] not in file]:
        held = ", ".join(map(str, file)) or "nothing"
        report.error("missing-key", f"no {' and no '.join(missing)}", remedy=f"The file holds {held}")
        report.refuse()
    arrays = {key: _values(file[name], key, report) for key, name in stored.items() if name in file}
    report.refuse()
    _check_sizes(arrays, report)
    report.refuse()
    return arrays


def read_num_actions(arrays: Arrays, stated: Any, report: Report) -> int | None:
    """How many actions there are to choose from, None where actions are vectors.

    Args:
        arrays: The arrays of the file.
        stated: What the file says, None if nothing; then it is one more than the largest number.
        report: Where findings go.
    """
    actions = arrays["actions"]
    if actions.ndim == 2:
        return None
    lowest, highest = int(actions.min()), int(actions.max())
    if stated is None:
        report.note("num-actions", f"taken as {highest + 1}: one more than the largest number", "actions")
        stated = highest + 1
    if not isinstance(stated, int | np.integer):
        report.error("num-actions", f"is {stated}, not a whole number", "num_actions")
    elif lowest < 0 or highest >= stated:
        cause = f"numbers from {lowest} to {highest}, there are {stated} actions to choose from, counted from 0"
        report.error("action-number", cause, "actions", "Count actions from 0")
    report.refuse()
    return int(stated)


def check_labels(dataset: EpisodeDataset, report: Report) -> None:
    """Refuse true policies that do not fit the episodes or the names."""
    labels, names = dataset.behaviour_policy, dataset.behaviour_policy_names
    if labels is None:
        return
    if labels.shape != (dataset.num_episodes,):
        report.error("labels", f"shape {labels.shape} for {dataset.num_episodes} episodes", "behaviour_policy")
    elif labels.min() < 0 or labels.max() >= len(names):
        report.error("labels", f"labels outside 0 to {len(names) - 1}", "behaviour_policy")
    report.refuse()


def to_dataset(arrays: Arrays, **rest: Any) -> EpisodeDataset:
    """The dataset made of complete arrays (all but `costs`) and of further fields."""
    fields: dict[str, Any] = {OWN_NAMES.get(key, key): values for key, values in arrays.items()}
    return EpisodeDataset(**fields, **rest)


def to_arrays(dataset: EpisodeDataset) -> Arrays:
    """The arrays of a dataset by their D4RL names, and its true policies as `behaviour_policy`, where it has them."""
    keys = (*REQUIRED, *OPTIONAL, "behaviour_policy")
    found = {key: getattr(dataset, OWN_NAMES.get(key, key)) for key in keys}
    return {key: values for key, values in found.items() if values is not None}


def _values(stored: Any, key: str, report: Report) -> np.ndarray:
    """One array in its final type; an empty one, and an error in the report, if it cannot be had."""
    nothing = np.zeros((0, 0) if key in MATRICES else 0)
    if getattr(stored, "shape", None) is None or stored.dtype.kind not in "fiub":
        kind = "a group" if isinstance(stored, h5py.Group) else f"of type {getattr(stored, 'dtype', 'unknown')}"
        report.error("not-an-array", f"is {kind}, not an array of numbers", key)
        return nothing
    shape, choices = stored.shape, key == "actions" and stored.dtype.kind in "iu"
    column = len(shape) == 2 and shape[1] == 1 and (choices or key not in MATRICES)
    axes = 2 if key in MATRICES and not (choices and (column or len(shape) == 1)) else 1
    if len(shape) - column != axes:
        vectors = "Store a vector per step (N, a), or integers where actions are to choose from"
        remedy = (
            vectors if key == "actions" else "Store one vector per step" if axes == 2 else "Store one number per step"
        )
        cause = f"has shape {shape}, needs {axes} {'axes' if axes > 1 else 'axis'}"
        report.error("not-an-array", cause, key, remedy)
        return nothing
    if column:
        report.note("column-shape", f"shape {shape} taken as ({len(stored)},)", key)
    values = _flags(stored, key, report) if key in FLAGS else _numbers(stored, key, report, axes)
    return values[:, 0] if column else values


def _flags(stored: Any, key: str, report: Report) -> np.ndarray:
    values: np.ndarray = stored[()]
    if values.dtype.kind != "b" and not np.isin(values, (0, 1)).all():
        report.error("flag-values", "has values other than 0 and 1", key)
    return values.astype(bool, copy=False)


def _numbers(stored: Any, key: str, report: Report, axes: int) -> np.ndarray:
    wanted = np.dtype(np.int64 if key == "actions" and axes == 1 else np.float32)
    if stored.dtype != wanted and wanted == np.float32:
        report.note("precision", f"{stored.dtype} converted to float32", key)
    if isinstance(stored, h5py.Dataset) and stored.dtype.kind != "b":
        values: np.ndarray = stored.astype(wanted)[()]
        return values
    with np.errstate(over="ignore"):  # What overflows is infinite then, and refused as such.
        return np.asarray(stored[()]).astype(wanted, copy=False)


def _check_sizes(arrays: Arrays, report: Report) -> None:
    steps, width = arrays["observations"].shape
    for key, values in arrays.items():
        if len(values) != steps:
            cause = f"{len(values):,} rows, observations have {steps:,}"
            report.error("wrong-length", cause, key, "Write one row per step")
        elif values.ndim == 2 and values.shape[1] == 0:
            report.error("not-an-array", "has rows without numbers", key)
    if steps == 0:
        report.error("empty", "there are no steps", remedy="Record at least one episode")
    if "next_observations" in arrays and arrays["next_observations"].shape[1] != width:
        report.error("not-an-array", "not as wide as observations", "next_observations")

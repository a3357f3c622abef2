"""The flat layout of D4RL and DSRL: one array per quantity, one row per step, read with all its variants.

`observations` (N, o), `actions` (N, a), `rewards` (N,), `terminals` (N,); further `timeouts` (N,), `next_observations`
(N, o) and `costs` (N,). Actions to choose from are integers (N,). Published files also have (N, 1) columns, float64,
and flags that are numbers. What holds the arrays is an HDF5 file or anything else that gives them by name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import h5py
import numpy as np

from stages.datasets.episodes import EpisodeDataset
from stages.formats.hdf5_files import member
from stages.formats.meaning import AS_STORED, Meaning
from stages.formats.precision import check_precision, shifted
from stages.formats.report import Report
from stages.formats.row_search import rows_not_finite
from stages.made_files import json_object

Arrays = dict[str, np.ndarray]

REQUIRED = ("observations", "actions", "rewards", "terminals")
OPTIONAL = ("timeouts", "next_observations", "costs")
MATRICES = ("observations", "actions", "next_observations")
FLAGS = ("terminals", "timeouts", "ends")
OBSERVATIONS = ("observations", "next_observations")
OWN_NAMES = {"terminals": "terminations", "timeouts": "truncations"}
JSON_ATTRIBUTES = {"environment_settings", "oracle_ceiling"}
STAND_INS = {
    "rewards": "Where there are none, store rewards of 0: telling policies apart needs none",
    "terminals": "Where no episode ends by itself, store terminals that are False, and timeouts at the last steps",
}
BEYOND_INTEGERS = 2.0**63
LARGER_UNITS = "Leave such episodes out, or store it in larger units"
MEANT_AS_AMOUNTS = "Use the setting actions: continuous if they are amounts"
MEANT_AS_CHOICES = "Use the setting actions: choices if they are numbers of actions to choose from"


def read_arrays(
    file: Mapping[str, Any],
    report: Report,
    required: tuple[str, ...] = REQUIRED,
    names: Mapping[str, str] | None = None,
    meaning: Meaning = AS_STORED,
) -> Arrays:
    """The arrays that are there, by their D4RL names, of equal length, one number per step as (N,).

    They are float32 (actions to choose from: int64) and bool, converted while they are read: no second copy is made.

    Args:
        file: What holds the arrays.
        report: Where findings go.
        required: Arrays that must be there.
        names: The file's names of arrays that it calls otherwise; `ends` marks ends of either kind.
        meaning: What the user says about the arrays.

    Raises:
        UserError: An array is missing, lies elsewhere, has a wrong shape or kind, cannot be held in float32, or there
            are no steps.
    """
    stored_as = {key: key for key in (*REQUIRED, *OPTIONAL)} | dict(names or {})
    found = {key: _stored(file, name, report) for key, name in stored_as.items()}
    if missing := [stored_as[key] for key in required if found[key] is None]:
        held = ", ".join(map(str, file)) or "nothing"
        stand_ins = "".join(f". {STAND_INS[key]}" for key in required if found[key] is None and key in STAND_INS)
        report.error("missing-key", f"no {' and no '.join(missing)}", remedy=f"The file holds {held}{stand_ins}")
        report.refuse()
    arrays = {key: _values(stored, key, report, meaning) for key, stored in found.items() if stored is not None}
    report.refuse()
    _check_sizes(arrays, report)
    report.refuse()
    return arrays


def read_num_actions(arrays: Arrays, stated: Any, report: Report, meaning: Meaning = AS_STORED) -> int | None:
    """How many actions there are to choose from, None where actions are vectors.

    Args:
        arrays: The arrays of the file.
        stated: What the file says, None if nothing; then it is one more than the largest number.
        report: Where findings go.
        meaning: What the user says about the actions.
    """
    actions = arrays["actions"]
    if actions.ndim == 2:
        if actions.shape[1] == 1 and meaning.actions is None and (actions >= 0).all() and (actions % 1 == 0).all():
            cause = f"whole numbers from {actions.min():g} to {actions.max():g}, taken as amounts by their type"
            report.note("amounts", cause, "actions", MEANT_AS_CHOICES)
        return None
    lowest, highest = int(actions.min()), int(actions.max())
    if stated is None:
        report.actions_counted = True
        if meaning.actions is None:
            cause = f"whole numbers from {lowest} to {highest}, taken as numbers of actions to choose from"
            report.note("num-actions", cause, "actions", MEANT_AS_AMOUNTS)
        if lowest < 0 and meaning.actions == "choices":
            return highest - lowest + 1  # Numbered anew by `stages.formats.counted_actions`.
        stated = highest + 1
    if not isinstance(stated, int | np.integer):
        report.error("num-actions", f"is {stated}, not a whole number", "num_actions")
    elif lowest < 0 or highest >= stated:
        cause = f"numbers from {lowest} to {highest}, there are {stated} actions to choose from, counted from 0"
        report.error("action-number", cause, "actions", f"Count actions from 0. {MEANT_AS_AMOUNTS}")
    report.refuse()
    return int(stated)


def check_attributes(attributes: Mapping[str, str], report: Report) -> None:
    """Refuse attributes that should be JSON objects and are not: whoever reads them later counts on it."""
    for name in JSON_ATTRIBUTES & attributes.keys():
        try:
            json_object(attributes[name])
        except (ValueError, RecursionError) as error:
            report.error("text", f"is not a JSON object ({error})", name, "Remove the attribute, or write it again")
    report.refuse()


def check_labels(dataset: EpisodeDataset, report: Report) -> None:
    """Refuse true policies that do not fit the episodes or the names."""
    labels, names = dataset.behaviour_policy, dataset.behaviour_policy_names
    if labels is None:
        return
    if labels.shape != (dataset.num_episodes,):
        report.error("labels", f"shape {labels.shape} for {dataset.num_episodes} episodes", "behaviour_policy")
    elif not names:
        report.error("labels", "has labels that nothing names", "behaviour_policy", "Store behaviour_policy_names, too")
    elif labels.min() < 0 or labels.max() >= len(names):
        report.error("labels", f"labels outside 0 to {len(names) - 1}", "behaviour_policy")
    elif odd := odd_names(names):
        report.error("labels", odd, "behaviour_policy_names", "Give every policy a name of its own")
    report.refuse()


def odd_names(names: Sequence[str]) -> str:
    """Why these cannot be the names of true policies; empty if they can."""
    if len(set(names)) < len(names):
        return f"two policies are called {max(names, key=list(names).count)!r}"
    odd = next((name for name in names if not name.strip() or not name.isprintable()), None)
    return "" if odd is None else f"{odd!r} is no name"


def to_dataset(arrays: Arrays, **rest: Any) -> EpisodeDataset:
    """The dataset made of complete arrays (all but `costs`) and of further fields."""
    fields: dict[str, Any] = {OWN_NAMES.get(key, key): values for key, values in arrays.items()}
    return EpisodeDataset(**fields, **rest)


def to_arrays(dataset: EpisodeDataset) -> Arrays:
    """The arrays of a dataset by their D4RL names, and its true policies as `behaviour_policy`, where it has them."""
    keys = (*REQUIRED, *OPTIONAL, "behaviour_policy")
    found = {key: getattr(dataset, OWN_NAMES.get(key, key)) for key in keys}
    return {key: values for key, values in found.items() if values is not None}


def _stored(file: Mapping[str, Any], name: str, report: Report) -> Any:
    """What the file holds under that name, None if nothing."""
    if isinstance(file, h5py.Group):
        return member(file, name, report)
    return file[name] if name in file else None


def _values(stored: Any, key: str, report: Report, meaning: Meaning) -> np.ndarray:
    """One array in its final type; an empty one, and an error in the report, if it cannot be had."""
    nothing = np.zeros((0, 0) if key in MATRICES else 0)
    if getattr(stored, "shape", None) is None or stored.dtype.kind not in "fiub":
        kind = "a group" if isinstance(stored, h5py.Group) else f"of type {getattr(stored, 'dtype', 'unknown')}"
        kind = "empty" if isinstance(stored, h5py.Dataset) and stored.shape is None else kind
        report.error("not-an-array", f"is {kind}, not an array of numbers", key)
        return nothing
    shape, choices = stored.shape, key == "actions" and _are_choices(stored, meaning)
    amounts = key == "actions" and meaning.actions == "continuous" and len(shape) == 1
    column = len(shape) == 2 and shape[1] == 1 and (choices or key not in MATRICES)
    axes = 2 if key in MATRICES and not (amounts or choices) else 1
    if len(shape) - column != axes:
        vectors = f"Store a vector per step (N, a), or integers where actions are to choose from. {MEANT_AS_CHOICES}"
        remedy = (
            vectors if key == "actions" else "Store one vector per step" if axes == 2 else "Store one number per step"
        )
        cause = f"has shape {shape}, needs {axes} {'axes' if axes > 1 else 'axis'}"
        report.error("not-an-array", cause, key, remedy)
        return nothing
    if column:
        report.note("column-shape", f"shape {shape} taken as ({len(stored)},)", key)
    if key in FLAGS:
        values = _flags(stored, key, report)
    elif choices:
        values = _choices(stored, report)
    else:
        values = _numbers(stored, key, report, meaning)
    return values[:, None] if amounts else values[:, 0] if column else values


def _are_choices(stored: Any, meaning: Meaning) -> bool:
    """Whether actions are numbers of actions to choose from: whole numbers, one per step, unless they are amounts."""
    if meaning.actions is not None:
        return meaning.actions == "choices"
    flat = len(stored.shape) == 1
    return (flat and stored.dtype.kind in "iub") or (stored.shape[1:] == (1,) and stored.dtype.kind in "iu")


def _flags(stored: Any, key: str, report: Report) -> np.ndarray:
    values: np.ndarray = stored[()]
    if values.dtype.kind != "b" and not np.isin(values, (0, 1)).all():
        report.error("flag-values", "has values other than 0 and 1", key)
    return values.astype(bool, copy=False)


def _choices(stored: Any, report: Report) -> np.ndarray:
    values: np.ndarray = np.asarray(stored[()])
    if values.dtype.kind == "f" and not (np.isfinite(values) & (values == np.rint(values))).all():
        report.error("action-number", "are not whole numbers", "actions", "Leave out the setting actions: choices")
        return np.zeros(values.shape, dtype=np.int64)
    if values.size and not -BEYOND_INTEGERS <= float(values.min()) <= float(values.max()) < BEYOND_INTEGERS:
        report.error(
            "action-number", f"numbers up to {values.max():.4g} are none of actions", "actions", MEANT_AS_AMOUNTS
        )
        return np.zeros(values.shape, dtype=np.int64)
    return values.astype(np.int64, copy=False)


def _numbers(stored: Any, key: str, report: Report, meaning: Meaning) -> np.ndarray:
    wanted = np.dtype(np.float32)
    if stored.dtype != wanted:
        report.note("precision", f"{stored.dtype} converted to float32", key)
        if key != "next_observations":  # It holds the observations' numbers.
            check_precision(stored, key, meaning, report)
    if key in OBSERVATIONS and (meaning.offsets or meaning.leave_out):
        return _meant(stored, key, report, meaning)
    if isinstance(stored, h5py.Dataset) and stored.dtype.kind != "b":
        values: np.ndarray = stored.astype(wanted)[()]
    else:
        with np.errstate(over="ignore"):  # What overflows is infinite then.
            values = np.asarray(stored[()]).astype(wanted, copy=False)
    if stored.dtype.kind == "f" and stored.dtype.itemsize > wanted.itemsize:
        _check_overflow(stored, values, key, report)
    return values


def _check_overflow(stored: Any, values: np.ndarray, key: str, report: Report) -> None:
    """An error about finite numbers that have become infinite."""
    rows = rows_not_finite(values)
    before = np.abs(np.asarray(stored[()])[rows])
    lost = np.isfinite(before) & ~np.isfinite(values[rows])
    if lost.any():
        row = rows[lost.reshape(len(rows), -1).any(axis=1)][0]
        cause = f"up to {before[lost].max():.2g}, which float32 cannot hold, in row {row}"
        report.error("absurd", cause, key, LARGER_UNITS)


def _meant(stored: Any, key: str, report: Report, meaning: Meaning) -> np.ndarray:
    try:
        return shifted(np.asarray(stored[()]), meaning)
    except IndexError as error:
        columns = stored.shape[1]
        report.error("columns", f"there is no column {error}, they are 0 to {columns - 1}", key, "Correct the settings")
        return np.zeros(stored.shape)


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

"""The Arrow and Parquet layouts of a Minari dataset, read with pyarrow.

``data/<i>`` holds one table per episode, with a ``metadata.json`` that gives its `total_steps` T. Every column has as
many rows as there are observations, T+1, the last of actions, rewards and flags being padding. A Box is a list of fixed
length, Dict and Tuple observations and `infos` are structs, those of a Tuple with numbers as names.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from stages.errors import UserError
from stages.formats.minari.checks import Episode, Layout
from stages.formats.minari.folder import METADATA_FILE
from stages.formats.minari.metadata import INCOMPLETE, Metadata
from stages.formats.minari.spaces import refuse
from stages.formats.report import Report

COLUMNS = ("actions", "rewards", "terminations", "truncations")
KNOWN = {"episode_id", "observations", "infos", *COLUMNS}


def read_arrow(folder: Path, layout: Layout, metadata: Metadata, report: Report) -> Iterator[Episode]:
    """The episodes in the ``data`` folder, in order.

    Raises:
        UserError: pyarrow is not installed, a file is damaged, or columns or episodes are missing.
    """
    _check_pyarrow(metadata, report)
    found = sum(entry.is_dir() and entry.name.isdigit() for entry in folder.iterdir())
    if found != metadata.total_episodes:
        cause = f"total_episodes is {metadata.total_episodes:,}, the folder holds {found:,}"
        refuse(report, "metadata", cause, folder.name, INCOMPLETE)
    for index in range(found):
        if not (folder / str(index)).is_dir():
            refuse(report, "missing-key", f"no folder of episode {index}", folder.name, "Number them without gaps")
        columns = _columns(folder / str(index), metadata.data_format)
        if index == 0:
            _note_rest(columns, report)
        yield _episode(columns, folder / str(index), layout, report)


def _check_pyarrow(metadata: Metadata, report: Report) -> None:
    try:
        import pyarrow  # noqa: F401  # Costly, and not needed for anything else.
    except ImportError as error:
        cause = f"the {metadata.data_format} layout is read with pyarrow, which is not installed"
        raise UserError(cause, place=str(report.file), remedy="pip install pyarrow") from error


def _columns(folder: Path, data_format: str) -> dict[str, Any]:
    """The columns of one episode, each in one piece."""
    import pyarrow
    import pyarrow.dataset

    ignored = ["_", ".", METADATA_FILE]
    try:
        table = pyarrow.dataset.dataset(str(folder), format=data_format, ignore_prefixes=ignored).to_table()
        return {name: table.column(name).combine_chunks() for name in table.column_names}
    except (pyarrow.ArrowException, OSError, ValueError, KeyError, MemoryError) as error:
        reason = str(error).partition("\n")[0]
        place = f"{folder.parent}: episode {folder.name}"
        raise UserError(f"the {data_format} file is damaged ({reason})", place=place, remedy=INCOMPLETE) from error


def _episode(columns: dict[str, Any], folder: Path, layout: Layout, report: Report) -> Episode:
    name = f"episode {folder.name}"
    missing = [key for key in ("observations", *COLUMNS) if key not in columns]
    if missing:
        held = ", ".join(columns) or "nothing"
        refuse(report, "missing-key", f"no {' and no '.join(missing)}", name, f"The episode holds {held}")
    steps = _steps(folder, len(columns["rewards"]), report)
    observations = [_array(_field(columns["observations"], part.path, name, report)) for part in layout.observations]
    for index, part in enumerate(layout.observations):
        observations[index] = _in_shape(observations[index], part.shape)
    arrays = {key: _array(columns[key])[:steps] for key in COLUMNS}
    arrays["actions"] = _in_shape(arrays["actions"], layout.actions.shape)
    costs = _in_shape(_array(columns["infos"].field("cost")), ()) if "cost" in _infos(columns) else None
    return Episode(name, observations, **arrays, costs=costs, label=None)


def _steps(folder: Path, rows: int, report: Report) -> int:
    """The episode's steps: its rows, or one less if the last is padding."""
    try:
        steps = json.loads((folder / METADATA_FILE).read_text(encoding="utf-8"))["total_steps"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        place = f"episode {folder.name}/{METADATA_FILE}"
        refuse(report, "metadata", f"gives no total_steps ({type(error).__name__}: {error})", place, INCOMPLETE)
    if not isinstance(steps, int) or steps not in (rows, rows - 1):
        cause = f"total_steps is {steps}, the columns have {rows} rows instead of one more"
        refuse(report, "wrong-length", cause, f"episode {folder.name}", INCOMPLETE)
    return steps


def _field(column: Any, path: tuple[str | int, ...], episode: str, report: Report) -> Any:
    for key in map(str, path):
        names = [column.type.field(i).name for i in range(column.type.num_fields)]
        if key not in names:
            refuse(report, "missing-key", f"no {key}", f"{episode}/observations", f"It holds {', '.join(names)}")
        column = column.field(key)
    return column


def _array(column: Any) -> np.ndarray:
    """A column as an array; lists become rows of a matrix."""
    import pyarrow

    kind = column.type
    if pyarrow.types.is_fixed_size_list(kind) or pyarrow.types.is_list(kind):
        values: np.ndarray = column.flatten().to_numpy(zero_copy_only=False)
        even = len(column) and len(values) % len(column) == 0
        return values.reshape(len(column), -1) if even else values
    values = column.to_numpy(zero_copy_only=False)
    return values


def _in_shape(values: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Rows in the shape of the Box, of which the tables only keep the numbers."""
    fits = values.ndim == 2 and values.shape[1] == np.prod(shape)
    return values.reshape(len(values), *shape) if fits else values


def _infos(columns: dict[str, Any]) -> list[str]:
    kind = columns["infos"].type if "infos" in columns else None
    return [kind.field(i).name for i in range(kind.num_fields)] if kind is not None else []


def _note_rest(columns: dict[str, Any], report: Report) -> None:
    """Say what is left out, going by the first episode."""
    rest = [f"infos/{key}" for key in _infos(columns) if key != "cost"]
    rest += [name for name in columns if name not in KNOWN]
    if rest:
        report.note("not-kept", f"left out: {', '.join(rest)}")

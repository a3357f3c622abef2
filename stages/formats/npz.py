"""Numpy archives (.npz) with the flat layout's arrays, for data that come from a few lines of Python.

    numpy.savez("mine.npz", observations=..., actions=..., rewards=..., terminations=..., truncations=...)

Ends are called `terminations` and `truncations`, `terminals` and `timeouts` as in D4RL, or as in other libraries (see
`stages.formats.end_names`); what is missing is completed as for D4RL's files. A row with both flags is a termination
under the first two names, a timeout under D4RL's. Optional:
`behaviour_policy` (int64, one per episode) with `behaviour_policy_names`, `environment`, `num_actions`, and
`attributes` (JSON). Nothing is ever unpickled.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.lib.npyio import NpzFile

from stages.datasets.episodes import EpisodeDataset
from stages.errors import UserError
from stages.formats import FORMATS
from stages.formats.base import FileFormat, begins_with
from stages.formats.end_names import end_names, split_ends
from stages.formats.flat_ends import complete_successors, mark_ends
from stages.formats.flat_layout import (
    OPTIONAL,
    OWN_NAMES,
    REQUIRED,
    check_attributes,
    check_labels,
    read_arrays,
    read_num_actions,
    to_arrays,
    to_dataset,
)
from stages.formats.meaning import AS_STORED, Meaning
from stages.formats.report import Report
from stages.made_files import json_object
from stages.replacing import replacing
from stages.settings import Settings
from stages.system_errors import number_of, system_error

SIGNATURE = b"PK\x03\x04"
EXTRAS = ("behaviour_policy", "behaviour_policy_names", "environment", "num_actions", "attributes")


@FORMATS.register("npz", Settings)
class NpzFormat(FileFormat):
    """A zip archive with arrays of the flat layout's names."""

    def recognises(self, path: Path) -> bool:
        if not begins_with(path, SIGNATURE):
            return False
        with _opened(path) as archive:
            return any(key in archive for key in (*REQUIRED, *end_names(archive).names.values()))

    def read(self, path: Path, report: Report, meaning: Meaning = AS_STORED) -> EpisodeDataset:
        with _opened(path) as archive:
            ends = end_names(archive)
            arrays = read_arrays(archive, report, ends.needed(REQUIRED), ends.names, meaning)
            stated = archive["num_actions"][()] if "num_actions" in archive else None
            num_actions = read_num_actions(arrays, stated, report, meaning)
            labels = archive["behaviour_policy"] if "behaviour_policy" in archive else None
            policies = _texts(archive, "behaviour_policy_names", report)
            environment = _single_text(archive, "environment", report)
            attributes = _single_text(archive, "attributes", report)
            used = (*REQUIRED, *OPTIONAL, *EXTRAS, *ends.names.values())
            left_out = [key for key in archive if key not in used]
        if left_out:
            report.left_out = tuple(left_out)
            report.note("not-kept", f"left out: {', '.join(left_out)}")
        if labels is not None and labels.dtype.kind not in "iu":
            report.error("labels", "is not an array of whole numbers", "behaviour_policy")
            report.refuse()
        split_ends(arrays, ends, report)
        mark_ends(arrays, report, terminal_wins=ends.terminal_wins)
        complete_successors(arrays, report)
        dataset = to_dataset(
            arrays,
            environment=environment,
            num_actions=num_actions,
            behaviour_policy=None if labels is None else labels.astype(np.int64, copy=False),
            behaviour_policy_names=policies,
            attributes=_parsed(attributes, report),
        )
        check_attributes(dataset.attributes, report)
        check_labels(dataset, report)
        return dataset

    def write(self, path: Path | str, dataset: EpisodeDataset) -> None:
        arrays = {OWN_NAMES.get(key, key): values for key, values in to_arrays(dataset).items()}
        extras = {
            "behaviour_policy_names": np.array(dataset.behaviour_policy_names, dtype=np.str_),
            "environment": np.array(dataset.environment),
            "attributes": np.array(json.dumps(dataset.attributes)),
        }
        if dataset.num_actions is not None:
            extras["num_actions"] = np.array(dataset.num_actions)
        with replacing(path) as temporary, temporary.open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays, **extras)


@contextmanager
def _opened(path: Path) -> Iterator[NpzFile]:
    if not begins_with(path, SIGNATURE):
        raise UserError("is no numpy archive", place=str(path), remedy="Leave out the setting `format`")
    try:
        with np.load(path, allow_pickle=False) as archive:
            yield archive
    except MemoryError as error:
        remedy = "Use a smaller file, or a machine with more"
        raise UserError("its arrays need more memory than there is", place=str(path), remedy=remedy) from error
    except BadZipFile as error:
        raise UserError("the archive is cut short or damaged", place=str(path), remedy="Make it again") from error
    # What numpy makes of arrays that it cannot read; it refuses Python objects with a ValueError.
    except (ValueError, OSError, EOFError, zlib.error, NotImplementedError, RuntimeError) as error:
        if number_of(error):
            raise system_error(error, path) from error
        detail = str(error).splitlines()[0] if str(error) else type(error).__name__
        remedy = "Store arrays of numbers with numpy.savez"
        raise UserError(f"an array cannot be read ({detail})", place=str(path), remedy=remedy) from error


def _texts(archive: NpzFile, key: str, report: Report) -> tuple[str, ...]:
    if key not in archive:
        return ()
    values = np.atleast_1d(archive[key])
    if len(values) and values.dtype.kind != "U":
        report.error("text", f"is of type {values.dtype}, not text", key)
        report.refuse()
    return tuple(str(value) for value in values)


def _single_text(archive: NpzFile, key: str, report: Report) -> str:
    texts = _texts(archive, key, report)
    if len(texts) > 1:
        report.error("text", f"has {len(texts)} texts, not one", key)
        report.refuse()
    return "".join(texts)


def _parsed(text: str, report: Report) -> dict[str, str]:
    try:
        return {key: str(value) for key, value in json_object(text or "{}").items()}
    except (ValueError, RecursionError) as error:
        report.error("text", f"is not a JSON object ({error})", "attributes")
        report.refuse()
        raise

"""The project's own dataset file: a valid D4RL / DSRL file that also says where it comes from.

Arrays as in `stages.formats.flat_layout`, all of them present but `costs`, plus `behaviour_policy` (int64, one per
episode, where the true policies are known). Attributes: `format_version`, `environment`, `behaviour_policy_names`,
`num_actions` (where actions are int64 numbers), `library_versions`, and text that is kept as it is, such as
`generator`, `sources` and `environment_settings` (JSON). Arrays are stored in one piece, uncompressed, so that they are
read at the speed of the disk.
"""

from __future__ import annotations

import json
from importlib import metadata
from pathlib import Path

import h5py
import numpy as np

from stages.datasets.episodes import EpisodeDataset
from stages.formats import FORMATS
from stages.formats.base import FileFormat
from stages.formats.flat_layout import (
    REQUIRED,
    Arrays,
    check_attributes,
    check_labels,
    read_arrays,
    read_num_actions,
    to_arrays,
    to_dataset,
)
from stages.formats.hdf5_files import is_hdf5, member, opened
from stages.formats.meaning import AS_STORED, Meaning
from stages.formats.report import Report
from stages.replacing import replacing
from stages.settings import Settings

FORMAT_VERSION = 1
OWN_ATTRIBUTES = ("format_version", "environment", "behaviour_policy_names", "num_actions")
LIBRARIES = ("gymnasium", "h5py", "mujoco", "numpy")


@FORMATS.register("native", Settings)
class NativeFormat(FileFormat):
    """HDF5 with a `format_version`."""

    as_recorded = False  # Generated policy by policy, or mixed; see `stages.datasets.recordings` for those that say so.

    def recognises(self, path: Path) -> bool:
        if not is_hdf5(path):
            return False
        with opened(path) as file:
            return "format_version" in file.attrs

    def read(self, path: Path, report: Report, meaning: Meaning = AS_STORED) -> EpisodeDataset:
        with opened(path) as file:
            environment, attributes = _header(file, report)
            required = (*REQUIRED, "timeouts", "next_observations")
            arrays = read_arrays(file, report, required, meaning=meaning)
            num_actions = read_num_actions(arrays, file.attrs.get("num_actions"), report, meaning)
            names = tuple(_text(name) for name in np.atleast_1d(file.attrs.get("behaviour_policy_names", ())))
            labels = _labels(file, report)
        _check_ends(arrays, report)
        dataset = to_dataset(
            arrays,
            environment=environment,
            num_actions=num_actions,
            behaviour_policy=labels,
            behaviour_policy_names=names,
            attributes=attributes,
        )
        check_labels(dataset, report)
        return dataset

    def write(self, path: Path | str, dataset: EpisodeDataset) -> None:
        with replacing(path) as temporary, h5py.File(temporary, "w") as file:
            for name, values in to_arrays(dataset).items():
                file.create_dataset(name, data=values, track_times=False)
            file.attrs["format_version"] = FORMAT_VERSION
            file.attrs["environment"] = dataset.environment
            if dataset.num_actions is not None:
                file.attrs["num_actions"] = dataset.num_actions
            if dataset.behaviour_policy_names:
                file.attrs["behaviour_policy_names"] = list(dataset.behaviour_policy_names)
            for name, text in ({"library_versions": library_versions()} | dataset.attributes).items():
                file.attrs[name] = text


def read_native(path: Path | str) -> EpisodeDataset:
    """The dataset in a native file.

    Raises:
        UserError: The file is missing, damaged, newer than this program, or of another format.
    """
    return NativeFormat().read(Path(path), Report(path))


def write_native(path: Path | str, dataset: EpisodeDataset) -> None:
    """Write a native file, at once or not at all."""
    NativeFormat().write(path, dataset)


def read_header(path: Path | str) -> tuple[str, dict[str, str]]:
    """Environment id and attributes of a native file, without its arrays."""
    with opened(path) as file:
        return _header(file, Report(path))


def library_versions() -> str:
    """Versions of the libraries that decide what is in a dataset, as JSON."""
    return json.dumps({name: metadata.version(name) for name in LIBRARIES})


def _header(file: h5py.File, report: Report) -> tuple[str, dict[str, str]]:
    version = file.attrs.get("format_version")
    if not isinstance(version, int | np.integer):
        remedy = "Import it first: python -m stages.import_dataset FILE --output data/generated/NAME.hdf5"
        report.error("format-version", "not a file of this project", remedy=remedy)
    elif not 1 <= version <= FORMAT_VERSION:
        cause = f"has format version {version}, this program knows up to {FORMAT_VERSION}"
        report.error("format-version", cause, remedy="Update the program")
    report.refuse()
    attributes = {name: _text(text) for name, text in file.attrs.items() if name not in OWN_ATTRIBUTES}
    check_attributes(attributes, report)
    return _text(file.attrs.get("environment", "")), attributes


def _text(value: object) -> str:
    """An attribute as text, which other programs store as bytes."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _labels(file: h5py.File, report: Report) -> np.ndarray | None:
    stored = member(file, "behaviour_policy", report)
    if stored is None:
        return None
    if not isinstance(stored, h5py.Dataset) or stored.shape is None or stored.dtype.kind not in "iu":
        report.error("labels", "is not an array of whole numbers", "behaviour_policy")
        report.refuse()
    labels: np.ndarray = stored[()].astype(np.int64, copy=False)
    return labels


def _check_ends(arrays: Arrays, report: Report) -> None:
    both = np.flatnonzero(arrays["terminals"] & arrays["timeouts"])
    if len(both):
        report.error("both-flags", f"{len(both)} rows are terminals and timeouts", f"row {both[0]}", "Keep one")
    if not (arrays["terminals"][-1] or arrays["timeouts"][-1]):
        report.error("open-end", "the last row does not end its episode", remedy="Mark it as a timeout")
    report.refuse()

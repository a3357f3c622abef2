"""The project's own dataset file: a valid D4RL / DSRL file that also says where it comes from.

Arrays as in `stages.datasets.flat_layout`, all of them present but `costs`, plus `behaviour_policy` (int64, one per
episode, where the true policies are known). Attributes: `format_version`, `environment`, `behaviour_policy_names`,
`library_versions`, and text that is kept as it is, such as `generator`, `sources` and `environment_settings` (JSON).
Arrays are stored in one piece, uncompressed, so that they are read at the speed of the disk.
"""

from __future__ import annotations

import json
from importlib import metadata
from pathlib import Path

import h5py
import numpy as np

from stages.datasets.episodes import EpisodeDataset
from stages.datasets.file_format import FileFormat
from stages.datasets.flat_layout import REQUIRED, Arrays, is_hdf5, opened, read_arrays
from stages.datasets.report import Report
from stages.registry import FORMATS
from stages.replacing import replacing
from stages.settings import Settings

FORMAT_VERSION = 1
OWN_ATTRIBUTES = ("format_version", "environment", "behaviour_policy_names")
LIBRARIES = ("gymnasium", "h5py", "mujoco", "numpy")


@FORMATS.register("native", Settings)
class NativeFormat(FileFormat):
    """HDF5 with a `format_version`."""

    def recognises(self, path: Path) -> bool:
        if not is_hdf5(path):
            return False
        with opened(path) as file:
            return "format_version" in file.attrs

    def read(self, path: Path, report: Report) -> EpisodeDataset:
        with opened(path) as file:
            environment, attributes = _header(file, report)
            arrays = read_arrays(file, report, (*REQUIRED, "timeouts", "next_observations"))
            names = tuple(str(name) for name in file.attrs.get("behaviour_policy_names", ()))
            labels = file["behaviour_policy"][()] if "behaviour_policy" in file else None
        _check_ends(arrays, report)
        dataset = EpisodeDataset(
            observations=arrays["observations"],
            actions=arrays["actions"],
            rewards=arrays["rewards"],
            terminations=arrays["terminals"],
            truncations=arrays["timeouts"],
            next_observations=arrays["next_observations"],
            environment=environment,
            costs=arrays.get("costs"),
            behaviour_policy=labels,
            behaviour_policy_names=names,
            attributes=attributes,
        )
        _check_labels(dataset, report)
        return dataset

    def write(self, path: Path | str, dataset: EpisodeDataset) -> None:
        arrays = {
            "observations": dataset.observations,
            "actions": dataset.actions,
            "rewards": dataset.rewards,
            "terminals": dataset.terminations,
            "timeouts": dataset.truncations,
            "next_observations": dataset.next_observations,
            "costs": dataset.costs,
            "behaviour_policy": dataset.behaviour_policy,
        }
        with replacing(path) as temporary, h5py.File(temporary, "w") as file:
            for name, values in arrays.items():
                if values is not None:
                    file.create_dataset(name, data=values, track_times=False)
            file.attrs["format_version"] = FORMAT_VERSION
            file.attrs["environment"] = dataset.environment
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
    elif version > FORMAT_VERSION:
        cause = f"has format version {version}, this program knows up to {FORMAT_VERSION}"
        report.error("format-version", cause, remedy="Update the program")
    report.refuse()
    attributes = {name: str(text) for name, text in file.attrs.items() if name not in OWN_ATTRIBUTES}
    return str(file.attrs.get("environment", "")), attributes


def _check_ends(arrays: Arrays, report: Report) -> None:
    both = np.flatnonzero(arrays["terminals"] & arrays["timeouts"])
    if len(both):
        report.error("both-flags", f"{len(both)} rows are terminals and timeouts", f"row {both[0]}", "Keep one")
    if not (arrays["terminals"][-1] or arrays["timeouts"][-1]):
        report.error("open-end", "the last row does not end its episode", remedy="Mark it as a timeout")
    report.refuse()


def _check_labels(dataset: EpisodeDataset, report: Report) -> None:
    labels, names = dataset.behaviour_policy, dataset.behaviour_policy_names
    if labels is None:
        return
    if labels.shape != (dataset.num_episodes,):
        report.error("labels", f"shape {labels.shape} for {dataset.num_episodes} episodes", "behaviour_policy")
    elif labels.min() < 0 or labels.max() >= len(names):
        report.error("labels", f"labels outside 0 to {len(names) - 1}", "behaviour_policy")
    report.refuse()

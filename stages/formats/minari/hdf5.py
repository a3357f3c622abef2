"""``main_data.hdf5`` of a Minari dataset: one group per episode, read and written.

``episode_<i>`` holds `observations` (T+1 rows), `actions`, `rewards`, `terminations`, `truncations` (T rows) and
`infos`, of which `cost` is used; Dict observations are groups, the parts of a Tuple are called ``_index_<i>``. Files of
this project also have the index of the true policy as attribute `behaviour_policy`. Their arrays are stored in one
piece, uncompressed.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np

from stages.datasets.episodes import EpisodeDataset
from stages.formats.hdf5_files import member, opened
from stages.formats.minari.checks import Episode, Layout
from stages.formats.minari.metadata import INCOMPLETE, Metadata
from stages.formats.minari.spaces import Part, refuse
from stages.formats.report import Report

COLUMNS = ("actions", "rewards", "terminations", "truncations")
COSTS = ("infos/cost", "cost")
# HDF5 1.8 and later read it. Older groups are larger and carry no checksums.
GROUPS = ("v108", "v110")


def read_hdf5(path: Path, layout: Layout, metadata: Metadata, report: Report) -> Iterator[Episode]:
    """The episodes in the file, in order.

    Raises:
        UserError: The file is damaged, or arrays or episodes are missing.
    """
    with opened(path) as file:
        names = [name for name in map(str, file) if name.startswith("episode_")]
        if len(names) != metadata.total_episodes:
            cause = f"total_episodes is {metadata.total_episodes:,}, the file holds {len(names):,}"
            refuse(report, "metadata", cause, path.name, INCOMPLETE)
        for index in range(len(names)):
            name = f"episode_{index}"
            group = member(file, name, report)
            if not isinstance(group, h5py.Group):
                refuse(report, "missing-key", f"no group {name}", path.name, "Number the episodes without gaps")
            if index == 0:
                _note_rest(group, report)
            yield _episode(group, name, layout, metadata, report)


def write_hdf5(path: Path, dataset: EpisodeDataset) -> None:
    """Write the episodes of `dataset`; equal ones give equal bytes."""
    with h5py.File(path, "w", libver=GROUPS) as file:
        for index, (start, end) in enumerate(zip(dataset.episode_starts, dataset.episode_ends, strict=True)):
            group = file.create_group(f"episode_{index}")
            group.attrs["id"] = index
            group.attrs["total_steps"] = int(end - start)
            if dataset.behaviour_policy is not None:
                group.attrs["behaviour_policy"] = int(dataset.behaviour_policy[index])
            final = dataset.next_observations[end - 1 : end]
            arrays = {"observations": np.concatenate([dataset.observations[start:end], final])}
            arrays |= {name: getattr(dataset, name)[start:end] for name in COLUMNS}
            if dataset.costs is not None:  # One more than steps, as all infos: the reset costs nothing.
                arrays["infos/cost"] = np.concatenate([np.zeros(1, np.float32), dataset.costs[start:end]])
            for name, values in arrays.items():
                group.create_dataset(name, data=values, track_times=False)


def _episode(group: h5py.Group, name: str, layout: Layout, metadata: Metadata, report: Report) -> Episode:
    observations = [_array(group, _stored_name(part), name, report) for part in layout.observations]
    columns = {column: _array(group, column, name, report) for column in COLUMNS}
    costs = next((_array(group, key, name, report) for key in COSTS if member(group, key, report) is not None), None)
    label = _label(group, name, metadata, report)
    return Episode(name, observations, **columns, costs=costs, label=label)


def _stored_name(part: Part) -> str:
    keys = (f"_index_{key}" if isinstance(key, int) else key for key in part.path)
    return "/".join(("observations", *keys))


def _array(group: h5py.Group, key: str, episode: str, report: Report) -> np.ndarray:
    stored = member(group, key, report)
    if stored is None:
        held = ", ".join(map(str, group)) or "nothing"
        refuse(report, "missing-key", f"no {key}", episode, f"The episode holds {held}")
    if not isinstance(stored, h5py.Dataset):
        cause = "is a group, not an array of numbers"
        refuse(report, "not-an-array", cause, f"{episode}/{key}", "Check the spaces in the metadata")
    values: np.ndarray = np.asarray(stored[()])
    return values


def _label(group: h5py.Group, episode: str, metadata: Metadata, report: Report) -> int | None:
    label = group.attrs.get("behaviour_policy")
    if label is None or metadata.unmix is None:
        return None
    count = len(metadata.unmix.behaviour_policy_names)
    if not isinstance(label, np.integer) or not 0 <= label < count:
        refuse(report, "labels", f"behaviour_policy is {label}, not one of 0 to {count - 1}", episode)
    return int(label)


def _note_rest(group: h5py.Group, report: Report) -> None:
    """Say what is left out, going by the first episode."""
    infos = member(group, "infos", report)
    rest = [f"infos/{key}" for key in infos if key != "cost"] if isinstance(infos, h5py.Group) else []
    rest += [str(key) for key in group if key not in ("observations", "infos", *COLUMNS, *COSTS)]
    rest += [f"attribute {key}" for key in group.attrs if key not in ("id", "total_steps", "behaviour_policy")]
    if rest:
        report.note("not-kept", f"left out: {', '.join(rest)}")

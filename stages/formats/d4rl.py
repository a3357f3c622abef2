"""D4RL's HDF5 files, versions v0 to v2, with their known oddities.

Deviations from a complete recording, and what is made of them (each is noted in the report):
    Ends under names of other libraries, see `stages.formats.end_names`.
    Both flags set: the timeout counts. D4RL's recorder lets the time limit win even if the state is terminal too. Under
        Gymnasium's names, which are independent, the termination counts.
    Last row without an end: the arrays were cut to size there, so the last episode is truncated.
    No `timeouts`: an episode ends where `next_observations` and the following observation differ. Where neither is
        recorded, only terminals end episodes.
    No `next_observations` (v0, maze2d, antmaze): the following row's observation. The last row of a truncated episode
        has none, so it is dropped and the row before it becomes the last; a terminal row gets its own observation.
    `metadata/algorithm` and `metadata/iteration` are kept as text. `infos/*` and the behaviour policy's weights, which
        the medium and expert files of v2 hold, are left out.

Source: Fu et al., D4RL, 2020, and the d4rl package's recorder and issues (#40, #85, #145, #162, #182, #204).
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import h5py

from stages.datasets.episodes import EpisodeDataset
from stages.formats import FORMATS
from stages.formats.base import FileFormat
from stages.formats.end_names import end_names, split_ends
from stages.formats.flat_ends import complete_successors, mark_ends
from stages.formats.flat_layout import OPTIONAL, REQUIRED, read_arrays, read_num_actions, to_dataset
from stages.formats.hdf5_files import is_hdf5, member, opened
from stages.formats.meaning import AS_STORED, Meaning
from stages.formats.report import Report
from stages.settings import Settings

METADATA = ("algorithm", "iteration")


@FORMATS.register("d4rl", Settings)
class D4rlFormat(FileFormat):
    """Flat HDF5 without a `format_version` and without `costs`."""

    def recognises(self, path: Path) -> bool:
        if not is_hdf5(path):
            return False
        with opened(path) as file:
            native = "format_version" in file.attrs or "costs" in file
            return not native and any(key in file for key in REQUIRED)

    def read(self, path: Path, report: Report, meaning: Meaning = AS_STORED) -> EpisodeDataset:
        with opened(path) as file:
            ends = end_names(file)
            arrays = read_arrays(file, report, ends.needed(REQUIRED), ends.names, meaning)
            num_actions = read_num_actions(arrays, file.attrs.get("num_actions"), report, meaning)
            attributes = _metadata(file, report)
            note_left_out(file, report, (*ends.names.values(), *attributes))
        split_ends(arrays, ends, report)
        mark_ends(arrays, report, terminal_wins=ends.terminal_wins)
        complete_successors(arrays, report)
        return to_dataset(arrays, num_actions=num_actions, attributes=attributes)


def note_left_out(file: h5py.File, report: Report, used: Collection[str] = ()) -> None:
    """Name what is in the file besides its arrays and what else is `used`."""
    others = [str(key) for key in file if key not in (*REQUIRED, *OPTIONAL, *used, "metadata")]
    metadata = member(file, "metadata", report)
    if isinstance(metadata, h5py.Group):
        others += [f"metadata/{key}" for key in metadata if key not in used]
    if others:
        report.left_out = tuple(others)
        report.note("not-kept", f"left out: {', '.join(others)}")


def _metadata(file: h5py.File, report: Report) -> dict[str, str]:
    """What D4RL says of the behaviour's training, scalars as text."""
    found = {key: member(file, f"metadata/{key}", report) for key in METADATA}
    return {
        key: value.asstr()[()] if h5py.check_string_dtype(value.dtype) else str(value[()])
        for key, value in found.items()
        if isinstance(value, h5py.Dataset) and value.shape == ()
    }

"""DSRL's HDF5 files: D4RL's flat layout with costs, all seven arrays of it.

Deviations from a complete recording, and what is made of them (each is noted in the report):
    Both flags set: the terminal counts, since the tasks give the two independently.
    A last piece without an end: kept as a truncated episode (DSRL's own library drops it).
    Another number of episodes than the file's name says: noted. Names are `Safety<Task>[Gymnasium]-v<version>-<largest
        cost of an episode>-<episodes>.hdf5`.

Source: Liu et al., Datasets and Benchmarks for Offline Safe Reinforcement Learning, 2023, and the dsrl package.
"""

from __future__ import annotations

from pathlib import Path

from stages.datasets.episodes import EpisodeDataset
from stages.formats import FORMATS
from stages.formats.base import FileFormat
from stages.formats.d4rl import note_left_out
from stages.formats.file_names import stated_episodes
from stages.formats.flat_ends import mark_ends
from stages.formats.flat_layout import OPTIONAL, REQUIRED, is_hdf5, opened, read_arrays, read_num_actions, to_dataset
from stages.formats.report import Report
from stages.settings import Settings


@FORMATS.register("dsrl", Settings)
class DsrlFormat(FileFormat):
    """Flat HDF5 with `costs` and without a `format_version`."""

    def recognises(self, path: Path) -> bool:
        if not is_hdf5(path):
            return False
        with opened(path) as file:
            return "format_version" not in file.attrs and "costs" in file

    def read(self, path: Path, report: Report) -> EpisodeDataset:
        with opened(path) as file:
            arrays = read_arrays(file, report, required=(*REQUIRED, *OPTIONAL))
            num_actions = read_num_actions(arrays, file.attrs.get("num_actions"), report)
            note_left_out(file, report, {})
        mark_ends(arrays, report, terminal_wins=True)
        dataset = to_dataset(arrays, num_actions=num_actions)
        stated = stated_episodes(path.name)
        if stated not in (None, dataset.num_episodes):
            cause = f"{dataset.num_episodes:,} episodes, the name says {stated:,}"
            report.note("episode-count", cause, remedy="Check that the file is complete")
        return dataset

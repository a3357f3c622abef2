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

import numpy as np

from stages.datasets.episodes import EpisodeDataset
from stages.formats import FORMATS
from stages.formats.base import FileFormat
from stages.formats.d4rl import note_left_out
from stages.formats.end_names import end_names, split_ends
from stages.formats.file_names import stated_episodes
from stages.formats.flat_ends import mark_ends
from stages.formats.flat_layout import OPTIONAL, REQUIRED, read_arrays, read_num_actions, to_dataset
from stages.formats.hdf5_files import is_hdf5, opened
from stages.formats.meaning import AS_STORED, Meaning
from stages.formats.report import Report
from stages.settings import Settings


@FORMATS.register("dsrl", Settings)
class DsrlFormat(FileFormat):
    """Flat HDF5 with `costs` and without a `format_version`."""

    as_recorded = False  # Several learners' episodes, thinned on a grid of return and cost.

    def recognises(self, path: Path) -> bool:
        if not is_hdf5(path):
            return False
        with opened(path) as file:
            return "format_version" not in file.attrs and "costs" in file

    def read(self, path: Path, report: Report, meaning: Meaning = AS_STORED) -> EpisodeDataset:
        with opened(path) as file:
            ends = end_names(file)
            marked = "ends" in ends.names
            required = [key for key in (*REQUIRED, *OPTIONAL) if not (marked and key in ("terminals", "timeouts"))]
            arrays = read_arrays(file, report, tuple(required), ends.names, meaning)
            num_actions = read_num_actions(arrays, file.attrs.get("num_actions"), report, meaning)
            note_left_out(file, report, list(ends.names.values()))
        split_ends(arrays, ends, report)
        arrays.setdefault("timeouts", np.zeros(len(arrays["rewards"]), dtype=bool))
        mark_ends(arrays, report, terminal_wins=True)
        dataset = to_dataset(arrays, num_actions=num_actions)
        stated = stated_episodes(path.name)
        if stated not in (None, dataset.num_episodes):
            cause = f"{dataset.num_episodes:,} episodes, the name says {stated:,}"
            report.note("episode-count", cause, remedy="Check that the file is complete")
        return dataset

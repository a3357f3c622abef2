"""D4RL's HDF5 files, versions v0 to v2, with their known oddities.

Deviations from a complete recording, and what is made of them (each is noted in the report):
    Both flags set: the timeout counts. D4RL's recorder lets the time limit win even if the state is terminal too.
    Last row without an end: the arrays were cut to size there, so the last episode is truncated.
    No `timeouts`: an episode ends where `next_observations` and the following observation differ. Where neither is
        recorded, only terminals end episodes.
    No `next_observations`: the following row's observation. The last row of a truncated episode has none, so it is
        dropped and the row before it becomes the last; a terminal row gets its own observation, which nothing uses.
    `infos/*` and `metadata/*` are left out.

Source: Fu et al., D4RL, 2020, and the d4rl package's recorder and issues (#40, #85, #145, #162, #182, #204).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from stages.datasets.episodes import EpisodeDataset
from stages.datasets.file_format import FileFormat
from stages.datasets.flat_layout import OPTIONAL, REQUIRED, Arrays, is_hdf5, opened, read_arrays
from stages.datasets.report import Report
from stages.registry import FORMATS
from stages.settings import Settings


@FORMATS.register("d4rl", Settings)
class D4rlFormat(FileFormat):
    """Flat HDF5 without a `format_version`."""

    def recognises(self, path: Path) -> bool:
        if not is_hdf5(path):
            return False
        with opened(path) as file:
            return "format_version" not in file.attrs and any(key in file for key in REQUIRED)

    def read(self, path: Path, report: Report) -> EpisodeDataset:
        with opened(path) as file:
            arrays = read_arrays(file, report)
            left_out = [str(key) for key in file if key not in (*REQUIRED, *OPTIONAL)]
        if left_out:
            report.note("not-kept", f"left out: {', '.join(left_out)}")
        _mark_ends(arrays, report)
        if "next_observations" not in arrays:
            arrays = _with_next_observations(arrays, report)
        report.refuse()
        return EpisodeDataset(
            observations=arrays["observations"],
            actions=arrays["actions"],
            rewards=arrays["rewards"],
            terminations=arrays["terminals"],
            truncations=arrays["timeouts"],
            next_observations=arrays["next_observations"],
            costs=arrays.get("costs"),
        )


def _mark_ends(arrays: Arrays, report: Report) -> None:
    """Give every episode exactly one flag on its last row."""
    terminals = arrays["terminals"]
    if "timeouts" not in arrays:
        arrays["timeouts"] = _timeouts_from_gaps(arrays, report)
    timeouts = arrays["timeouts"]
    both = np.flatnonzero(terminals & timeouts)
    if len(both):
        report.note("both-flags", f"taken as timeouts: {len(both)} rows with both flags", f"first row {both[0]}")
        terminals[both] = False
    if not (terminals[-1] or timeouts[-1]):
        report.note("open-end", "the file was cut inside its last episode, which is truncated there")
        timeouts[-1] = True


def _timeouts_from_gaps(arrays: Arrays, report: Report) -> np.ndarray:
    timeouts = np.zeros(len(arrays["terminals"]), dtype=bool)
    if "next_observations" not in arrays:
        report.note("missing-timeouts", "no timeouts and no next_observations: only terminals end episodes")
        return timeouts
    timeouts[:-1] = (arrays["next_observations"][:-1] != arrays["observations"][1:]).any(axis=1)
    timeouts &= ~arrays["terminals"]
    report.note("missing-timeouts", f"no timeouts: {timeouts.sum()} episodes end where the next row does not go on")
    return timeouts


def _with_next_observations(arrays: Arrays, report: Report) -> Arrays:
    """The arrays without the last rows of truncated episodes, and with what followed each of the others."""
    observations, terminals, timeouts = arrays["observations"], arrays["terminals"], arrays["timeouts"]
    following = np.concatenate([observations[1:], observations[-1:]])
    following[terminals] = observations[terminals]
    last_left = np.append(timeouts[1:], False) & ~(terminals | timeouts)
    kept = ~timeouts
    completed = arrays | {"next_observations": following, "timeouts": last_left}
    report.note(
        "missing-next-observations",
        f"no next_observations: taken from the next row; dropped {timeouts.sum()} last rows of truncated episodes",
    )
    if not kept.any():
        report.error("empty", "no row has a next observation", remedy="Record next_observations, or longer episodes")
    return {key: values[kept] for key, values in completed.items()}

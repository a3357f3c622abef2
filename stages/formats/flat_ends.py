"""Ends and successors of a flat recording, made complete: exactly one flag on the last row of every episode.

Whatever is filled in, cut or decided is noted in the report.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool

from stages.formats.flat_layout import Arrays
from stages.formats.report import Report
from stages.formats.row_search import parted_rows


def mark_ends(arrays: Arrays, report: Report, *, terminal_wins: bool) -> None:
    """Give every episode one flag on its last row, in place.

    Args:
        arrays: Complete but for `timeouts` and `next_observations`, by their D4RL names.
        report: Where findings go.
        terminal_wins: Whether a row with both flags is a terminal. Libraries that record the two independently
            (Gymnasium) mean that; D4RL's recorder lets the time limit win.
    """
    if "timeouts" not in arrays:
        arrays["timeouts"] = _timeouts_from_gaps(arrays, report)
    terminals, timeouts = arrays["terminals"], arrays["timeouts"]
    both = np.flatnonzero(terminals & timeouts)
    if len(both):
        taken = "terminals" if terminal_wins else "timeouts"
        report.note("both-flags", f"taken as {taken}: {len(both)} rows with both flags", f"first row {both[0]}")
        (timeouts if terminal_wins else terminals)[both] = False
    if not (terminals[-1] or timeouts[-1]):
        report.note("open-end", "the file was cut inside its last episode, which is truncated there")
        timeouts[-1] = True


def complete_successors(arrays: Arrays, report: Report) -> None:
    """Fill in missing `next_observations`, in place.

    The last row of a truncated episode has no successor in the file, so it is dropped and the row before it becomes the
    last; a terminal row gets its own observation, which nothing uses.
    """
    if "next_observations" in arrays:
        return
    observations, terminals, timeouts = arrays["observations"], arrays["terminals"], arrays["timeouts"]
    kept = np.flatnonzero(~timeouts)
    report.note(
        "missing-next-observations",
        f"no next_observations: taken from the next row; dropped {timeouts.sum()} last rows of truncated episodes",
    )
    if not len(kept):
        report.error("empty", "no row has a next observation", remedy="Record next_observations, or longer episodes")
        report.refuse()
    arrays["timeouts"] = np.append(timeouts[1:], False) & ~(terminals | timeouts)
    arrays["next_observations"] = observations[kept + ~terminals[kept]]
    for key in arrays.keys() - {"next_observations"}:
        arrays[key] = arrays[key][kept]  # One at a time, so that a single array is held twice.


def _timeouts_from_gaps(arrays: Arrays, report: Report) -> Bool[np.ndarray, "steps"]:
    timeouts = np.zeros(len(arrays["terminals"]), dtype=bool)
    if "next_observations" not in arrays:
        report.note("missing-timeouts", "no timeouts and no next_observations: only terminals end episodes")
        return timeouts
    timeouts[parted_rows(arrays["next_observations"][:-1], arrays["observations"][1:])] = True
    timeouts &= ~arrays["terminals"]
    report.note("missing-timeouts", f"no timeouts: {timeouts.sum()} episodes end where the next row does not go on")
    return timeouts

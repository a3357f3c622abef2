"""Ends of episodes that are hardly meant: one episode in all, or one a row."""

from __future__ import annotations

from stages.datasets.episodes import EpisodeDataset
from stages.formats.report import Report

# A file with more rows than that is a recording, not an example.
ROWS = 100
MEANT = "set ends_as_marked: true if it is meant"


def ask_about_ends(dataset: EpisodeDataset, report: Report, *, meant: bool) -> None:
    """An error that asks whether unlikely ends are meant; a note where the user has said so (`meant`)."""
    rows, place = dataset.num_steps, ""
    if rows <= ROWS or dataset.num_episodes not in (1, rows):
        return
    if dataset.num_episodes == 1:
        rule, cause = "one-episode", f"all {rows:,} rows are one episode"
    else:
        rule, cause = "episode-a-row", f"each of the {rows:,} rows is an episode"
    if meant:
        report.note(rule, f"{cause}, as is meant")
        return
    unused = ", ".join(report.left_out[:5])
    remedy = f"If one of {unused} marks the ends, call it timeouts" if unused else "Mark the ends, or check their flags"
    report.error(rule, cause, place, f"{remedy}; {MEANT}")

"""What reading a file brought to light: notes, which inform, and errors, which refuse the file.

Readers decide nothing in silence: whatever they squeeze, cut or fill in is a note under a rule's name.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from stages.errors import UserError

RULES: dict[str, str] = {
    "missing-key": "every array of the layout is there",
    "not-an-array": "arrays hold numbers and have the layout's number of axes",
    "wrong-length": "arrays have one row per step",
    "column-shape": "one number per step is stored as (N,), not as (N, 1)",
    "precision": "numbers are float32",
    "flag-values": "end flags are 0 or 1",
    "empty": "there is at least one step",
    "format-version": "the file is not newer than this program",
    "labels": "there is one true policy per episode, among those named",
    "missing-timeouts": "ends other than terminals are marked",
    "both-flags": "an end is either a terminal or a timeout",
    "open-end": "the last row ends its episode",
    "missing-next-observations": "what followed each step is recorded",
    "not-finite": "no number is NaN or infinite",
    "discontinuity": "within an episode, a step starts where the previous one ended",
    "observation-size": "observations have the environment's size",
    "action-size": "actions have the environment's size",
    "action-box": "actions lie in the environment's box",
    "long-episode": "no episode is longer than the environment's time limit",
    "one-episode": "there is more than one episode",
    "not-kept": "everything in the file is used",
}


@dataclass(frozen=True)
class Finding:
    """One thing found: the rule it belongs to, its cause, where it is (array and row), what to do about it."""

    rule: str
    cause: str
    place: str = ""
    remedy: str = ""

    def __str__(self) -> str:
        return f"{self.rule}: {self.cause}" + (f" ({self.place})" if self.place else "")


@dataclass
class Report:
    """The findings about one file."""

    file: Path | str
    notes: list[Finding] = field(default_factory=list)
    errors: list[Finding] = field(default_factory=list)

    def note(self, rule: str, cause: str, place: str = "", remedy: str = "") -> None:
        """Add something to know about the file."""
        self.notes.append(_finding(rule, cause, place, remedy))

    def error(self, rule: str, cause: str, place: str = "", remedy: str = "") -> None:
        """Add a reason to refuse the file, raised by `refuse`."""
        self.errors.append(_finding(rule, cause, place, remedy))

    def refuse(self) -> None:
        """Stop if there are errors.

        Raises:
            UserError: The first error, in one line, and how many more there are.
        """
        if self.errors:
            first, *more = self.errors
            others = f" (and {len(more)} more: {', '.join(error.rule for error in more)})" if more else ""
            place = f"{self.file}: {first.place}" if first.place else str(self.file)
            raise UserError(f"{first.cause}{others}", place=place, remedy=first.remedy)

    def __str__(self) -> str:
        found = [str(note) for note in self.notes] or ["taken over as it stands"]
        return "\n".join([f"{self.file}:", *(f"  {line}" for line in found)])


def _finding(rule: str, cause: str, place: str, remedy: str) -> Finding:
    if rule not in RULES:
        raise ValueError(f"{rule!r} is not among the RULES")
    return Finding(rule, cause, place, remedy)

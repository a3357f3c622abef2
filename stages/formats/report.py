"""What reading a file brought to light: notes, which inform, and errors, which refuse the file.

Readers decide nothing in silence: whatever they squeeze, cut or fill in is a note under a rule's name.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from stages.errors import UserError, printable

RULES: dict[str, str] = {
    "missing-key": "every array of the layout is there",
    "elsewhere": "the numbers are in the file itself",
    "filter": "compression is of a kind that can be read here",
    "not-written": "every number of an array was written",
    "columns": "settings speak of columns that are there",
    "not-an-array": "arrays hold numbers and have the layout's number of axes",
    "wrong-length": "arrays have one row per step",
    "column-shape": "one number per step is stored as (N,), not as (N, 1)",
    "precision": "numbers are float32",
    "flag-values": "end flags are 0 or 1",
    "empty": "there is at least one step",
    "format-version": "the file is not newer than this program",
    "labels": "there is one true policy per episode, among those named",
    "text": "names and attributes are text",
    "num-actions": "the file says how many actions there are to choose from",
    "amounts": "actions that are whole numbers are stored as integers if they are choices",
    "wide": "observations are of a size that clustering can handle",
    "action-gaps": "all numbers of actions up to the largest occur",
    "unknown-environment": "the environment is known",
    "unofficial": "a file with an official name has the official contents",
    "episode-count": "there are as many episodes as the file's name says",
    "missing-terminals": "ends of the task are told from other ends",
    "other-ends": "ends are called terminals and timeouts",
    "missing-timeouts": "ends other than terminals are marked",
    "both-flags": "an end is either a terminal or a timeout",
    "open-end": "the last row ends its episode",
    "missing-next-observations": "what followed each step is recorded",
    "not-finite": "no number is NaN or infinite",
    "discontinuity": "within an episode, a step starts where the previous one ended",
    "going-on": "after an end, another episode starts",
    "repeated-step": "the last step of an episode is not the one before it once more",
    "one-short": "truncated episodes reach the time limit",
    "stray-terminal": "more than one episode terminates, or none",
    "zero-successor": "what followed a terminal is recorded, not left at zero",
    "negative-cost": "costs are 0 or larger",
    "observation-size": "observations have the environment's size",
    "action-size": "actions have the environment's size",
    "action-kind": "actions are vectors or numbers, as in the environment",
    "action-number": "numbers of actions are among those to choose from",
    "action-box": "actions lie in the environment's box",
    "long-episode": "no episode is longer than the environment's time limit",
    "one-episode": "there is more than one episode",
    "episode-a-row": "episodes have more than one step",
    "wild-value": "no number is far from all others of its column",
    "absurd": "numbers can be squared in float32",
    "all-alike": "observations and actions vary",
    "twice": "no file has the contents of another",
    "metadata": "the metadata are complete and agree with the data",
    "space": "observations are vectors, actions vectors or numbers of a list, as their spaces say",
    "early-end": "an episode stored on its own ends at its last step, not before",
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
        where = f" ({self.place})" if self.place else ""
        return f"{self.rule}: {self.cause}{where}" + (f". {self.remedy}" if self.remedy else "")


@dataclass
class Report:
    """The findings about one file.

    Attributes:
        file: The file (or folder).
        known_as: What it was found to be, such as ``official D4RL hopper-medium-v2``.
        notes: What is worth knowing.
        errors: Why it is refused.
        left_out: Names of what is in the file and not used.
        actions_counted: Whether the number of actions to choose from is not stated, but counted.
    """

    file: Path | str
    known_as: str = ""
    notes: list[Finding] = field(default_factory=list)
    errors: list[Finding] = field(default_factory=list)
    left_out: tuple[str, ...] = ()
    actions_counted: bool = False

    def note(self, rule: str, cause: str, place: str = "", remedy: str = "") -> None:
        """Add something to know about the file."""
        self.notes.append(_finding(rule, cause, place, remedy))

    def error(self, rule: str, cause: str, place: str = "", remedy: str = "") -> None:
        """Add a reason to refuse the file, raised by `refuse`."""
        self.errors.append(_finding(rule, cause, place, remedy))

    def refuse(self) -> None:
        """Stop if there are errors.

        Raises:
            Refused: The first error, in one line, and how many more there are.
        """
        if self.errors:
            first, *more = self.errors
            others = f" (and {len(more)} more: {', '.join(error.rule for error in more)})" if more else ""
            place = f"{self.file}: {first.place}" if first.place else str(self.file)
            raise Refused(f"{first.cause}{others}", place=place, remedy=first.remedy, report=self)

    def __str__(self) -> str:
        found = [f"error {error}" for error in self.errors] + [f"note {note}" for note in self.notes]
        head = f"{self.file}:" + (f" {self.known_as}" if self.known_as else "")
        return "\n".join([printable(head), *(f"  {printable(line)}" for line in found or ["taken over as it stands"])])


class Refused(UserError):
    """A file with errors; `report` has all of them."""

    def __init__(self, cause: str, *, place: str, remedy: str, report: Report) -> None:
        super().__init__(cause, place=place, remedy=remedy)
        self.report = report


def _finding(rule: str, cause: str, place: str, remedy: str) -> Finding:
    if rule not in RULES:
        raise ValueError(f"{rule!r} is not among the RULES")
    return Finding(rule, cause, place, remedy)

"""Names that libraries have for the ends of episodes, in files of the flat layout.

D4RL says `terminals` and `timeouts`, Gymnasium `terminations` and `truncations`. d3rlpy, RLDS and recorders of the
older Gym mark every end alike (`episode_terminals`, `dones`, `is_last`): what is not terminal then is a timeout.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from stages.formats.report import Report

TERMINALS = ("terminals", "terminations", "terminated", "is_terminal")
TIMEOUTS = ("timeouts", "truncations", "truncated")
ENDS = ("episode_terminals", "dones", "done", "is_last", "episode_ends")
# Names of libraries that record the two independently: a row with both flags is a terminal.
INDEPENDENT = TIMEOUTS[1:]


@dataclass(frozen=True)
class EndNames:
    """What the file calls its ends.

    Attributes:
        names: The file's name of `terminals`, `timeouts` and `ends`, those that are there.
    """

    names: Mapping[str, str]

    @property
    def terminal_wins(self) -> bool:
        """Whether a row with both flags is a terminal."""
        return self.names.get("timeouts") in INDEPENDENT

    def needed(self, required: tuple[str, ...]) -> tuple[str, ...]:
        """The arrays that must be there: all `required`, but terminals where all ends are marked alike."""
        return tuple(key for key in required if key != "terminals" or "ends" not in self.names)


def end_names(file: Mapping[str, Any]) -> EndNames:
    """The names that this file has for its ends, D4RL's first."""
    candidates = {"terminals": TERMINALS, "timeouts": TIMEOUTS, "ends": ENDS}
    found = {key: next((name for name in names if name in file), None) for key, names in candidates.items()}
    if found["timeouts"]:
        found["ends"] = None  # They say no more than terminals and timeouts together.
    return EndNames({key: name for key, name in found.items() if name})


def split_ends(arrays: dict[str, np.ndarray], names: EndNames, report: Report) -> None:
    """Make `terminals` and, where `ends` marks more than those, `timeouts` of what was read, in place."""
    ends = arrays.pop("ends", None)
    if ends is None:
        return
    marker = names.names["ends"]
    if "terminals" not in arrays:
        arrays["terminals"] = np.zeros(len(ends), dtype=bool)
        remedy = "Store terminals, too, if the task can end by itself"
        report.note("missing-terminals", "no terminals: all ends are taken as timeouts", marker, remedy)
    others = ends & ~arrays["terminals"]
    if others.any():
        arrays["timeouts"] = others
        report.note("other-ends", f"{int(others.sum()):,} ends that are no terminals are taken as timeouts", marker)

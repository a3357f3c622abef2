"""Errors that are the user's to mend: one line with cause, place and remedy, no traceback."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class UserError(Exception):
    """Something in the input, the params or the environment that the user can put right.

    Args:
        cause: What is wrong.
        place: File, key or row where it was found.
        remedy: What to do about it.
    """

    def __init__(self, cause: str, *, place: str = "", remedy: str = "") -> None:
        self.cause, self.place, self.remedy = cause, place, remedy
        where = f"{place}: " if place else ""
        super().__init__(printable(f"{where}{cause}" + (f". {remedy}" if remedy else "")))


def printable(text: str) -> str:
    """`text` in one line: line ends, control characters and bytes that are no text, as names may have, are escaped."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """A hint naming the closest of the `choices`, or all of them where none is close."""
    choices = sorted(choices)
    close = difflib.get_close_matches(word, choices, n=1, cutoff=0.6)
    return f"Did you mean {close[0]!r}?" if close else f"Known: {', '.join(choices)}"

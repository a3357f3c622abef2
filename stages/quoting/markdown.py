"""Tables and numbers as the pages print them."""

from __future__ import annotations

from collections.abc import Sequence

NOTHING = "-"  # was not run, or is not known


def grid(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table whose first column is text and whose others are numbers."""
    lines = [headings, ["---", *["---:"] * (len(headings) - 1)], *rows]
    return "\n".join("|" + "".join(f" {cell} |" if cell else " |" for cell in line) for line in lines)


def fraction(value: float | None, places: int) -> str:
    """Without the zero before the point: ``.998``."""
    if value is None:
        return NOTHING
    text = f"{round(value, places) + 0.0:.{places}f}"  # no minus in front of nothing
    return text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text


def index(value: float | None) -> str:
    """An index of agreement, at most 1: ``.998``, ``1``."""
    return "1" if value is not None and round(value, 3) == 1 else fraction(value, 3)

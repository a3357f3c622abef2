"""What the report prints as a table."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

NOTHING = "–"


@dataclass(frozen=True)
class Table:
    """Headings and rows of text; `emphasised` are the rows to print bold, `unsafe` the (row, column) to mark so."""

    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    emphasised: Collection[int] = frozenset()
    unsafe: Collection[tuple[int, int]] = frozenset()

    @classmethod
    def of(cls, rows: Sequence[Mapping[str, str]], emphasised: Collection[int] = frozenset()) -> Table:
        """Rows of cells by heading; columns that say nothing in any row are left out."""
        used = [heading for heading in rows[0] if any(row[heading] for row in rows)]
        return cls(used, [[row[heading] or NOTHING for heading in used] for row in rows], emphasised)

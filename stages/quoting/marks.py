"""Marks in pages; what stands between them is written from result files and by nobody's hand.

    <!-- quote returns navigation from default -->
    (a table)
    <!-- end of quote -->

names a table, what it is of where there is a choice, and the profiles whose result files it is made from.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from stages.errors import UserError

BEGIN, END = "<!-- quote ", "<!-- end of quote -->"
PATTERN = re.compile(
    rf"^{BEGIN}(?P<table>\w+)(?: (?P<subject>[\w-]+))? from (?P<profiles>[\w -]+) -->\n(?P<body>.*?)^{END}$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Quote:
    """What a mark asks for.

    Attributes:
        table: Kind of table.
        subject: What it is of, such as a dataset; empty where there is no choice.
        profiles: Names of folders in ``docs/results``.
    """

    table: str
    subject: str
    profiles: tuple[str, ...]


def quotes(text: str, place: str) -> list[Quote]:
    """What the marks of a page ask for, in order.

    Raises:
        UserError: A mark is misspelt or has no end.
    """
    found = list(PATTERN.finditer(text))
    begun = len(re.findall(rf"^{BEGIN}", text, re.MULTILINE))
    if begun != len(found) or any(BEGIN in match["body"] for match in found):
        raise UserError(
            "a mark is misspelt or has no end",
            place=place,
            remedy=f"Write '{BEGIN}TABLE [SUBJECT] from PROFILE... -->', and '{END}' on a line below",
        )
    return [_quote(match) for match in found]


def filled(text: str, write: Callable[[Quote], str]) -> str:
    """The page with `write`'s text between the marks."""

    def between(match: re.Match[str]) -> str:
        before = match[0][: match.start("body") - match.start()]
        return f"{before}\n{write(_quote(match))}\n\n{END}"

    return PATTERN.sub(between, text)


def _quote(match: re.Match[str]) -> Quote:
    return Quote(match["table"], match["subject"] or "", tuple(match["profiles"].split()))

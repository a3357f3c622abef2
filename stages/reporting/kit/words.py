"""Phrases that sections share."""

from __future__ import annotations

from collections.abc import Sequence


def of_seeds(share: float, number: int) -> str:
    """``5 of 10 seeds``."""
    return "the one seed" if number == 1 else f"{round(share * number)} of {number} seeds"


def listed(names: Sequence[str]) -> str:
    """``a, b and c``."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def number_range(numbers: Sequence[int]) -> str:
    """``2 to 5``, or ``3`` where all are equal."""
    return " to ".join(str(number) for number in dict.fromkeys([min(numbers), max(numbers)]))

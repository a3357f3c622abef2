"""What came out, in one short table for each dataset, as text for the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple
from typing import Any

from stages.reporting.gathering import Collection
from stages.reporting.section import Outcome
from stages.reporting.sections import SECTIONS


def headline(collection: Collection, metrics: Mapping[str, Sequence[Any]]) -> str:
    """Datasets in their order: what was found, then what was in the data, every number with its unit.

    Args:
        collection: The results.
        metrics: Typed metrics, see `stages.reporting.summary.metrics_of`.
    """
    blocks = []
    for name, results in collection.items():
        sections = zip(SECTIONS, metrics[name], strict=True)
        outcomes = [outcome for section, found in sections for outcome in section.outcomes(results, found)]
        if outcomes:
            blocks.append("\n".join([name, *_aligned(sorted(outcomes, key=lambda outcome: outcome.given))]))
    return "\n\n".join(blocks)


def _aligned(outcomes: Sequence[Outcome]) -> list[str]:
    rows = [astuple(outcome)[:4] for outcome in outcomes]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]

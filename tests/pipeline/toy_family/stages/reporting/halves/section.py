"""How many episodes are in the better half."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from stages.halving import HALVES

from stages.reporting import SECTIONS
from stages.reporting.gathering import DatasetResults, Source, by_name
from stages.reporting.kit.tables import Table
from stages.reporting.section import Section, View
from stages.reporting.settings import ReportSettings
from stages.settings import Settings


@dataclass(frozen=True)
class Halves:
    """Episodes in the better half, by way of halving: one number per seed."""

    sizes: dict[str, list[int]] = field(default_factory=dict)


@dataclass(frozen=True)
class HalvesMetrics:
    """Entry of ``metrics.json``."""

    halves: dict[str, list[int]]


@dataclass(frozen=True)
class HalvesView(View):
    """The table of one dataset."""

    template: ClassVar[str] = "halves/halves.html.jinja"

    table: Table


def read_halves(path: Path) -> list[int]:
    """The sizes of the better halves of one block of seeds."""
    return [sum(better) for better in json.loads(path.read_text()).values()]


def joined(blocks: Sequence[list[int]]) -> list[int]:
    """Blocks of seeds, one after the other."""
    return [size for block in blocks for size in block]


@SECTIONS.register("halves", Settings)
class HalvesSection(Section[HalvesMetrics]):
    """Halves of datasets."""

    sources = (Source(Halves, "sizes", (HALVES,), read_halves, by_name("halving", joined)),)

    def metrics(self, results: DatasetResults, resamples: int) -> HalvesMetrics:
        return HalvesMetrics(results.of(Halves).sizes)

    def views(self, results: DatasetResults, metrics: HalvesMetrics, settings: ReportSettings) -> Iterable[HalvesView]:
        if metrics.halves:
            rows = [[name, ", ".join(map(str, sizes))] for name, sizes in metrics.halves.items()]
            yield HalvesView(Table(["halves", "episodes in the better one"], rows))

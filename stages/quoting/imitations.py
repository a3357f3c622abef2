"""Imitators of a dataset's levels, side by side: how far their returns are from the levels' own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from stages.paths import DATA, IMITATION
from stages.quoting.embeddings import over_seeds
from stages.quoting.markdown import NOTHING, grid
from stages.reporting.data.results import SOURCES as DATA_SOURCES
from stages.reporting.data.results import Data
from stages.reporting.embeddings.imitations import gaps, level_returns
from stages.reporting.embeddings.results import SOURCES, Embeddings
from stages.reporting.gathering import gather_one
from stages.reporting.kit.captions import caption

WHOLE_RUN = False  # a dataset's imitators are whole by themselves


@dataclass(frozen=True)
class Row:
    """Attributes:
    dataset: Name in params.
    imitator: Recipe in params.
    seeds: How many.
    gap, low, high: Mean over levels of |R - R*| / |R*|, over seeds, with Student's t interval of three seeds or more.
    """

    dataset: str
    imitator: str
    seeds: int
    gap: float
    low: float | None
    high: float | None


def take(results: Path, subjects: Sequence[str]) -> list[Row]:
    """Rows of all datasets whose imitators were rolled out by ``snakemake embeddings``."""
    places = filter(None, map(IMITATION.read, results.glob("imitation/*/*/*.npz")))
    datasets = sorted({place["dataset"] for place in places})
    return [row for dataset in datasets for row in _rows(results, dataset)]


def table(rows: Sequence[Row], subject: str) -> str:
    """One line per imitator, one column per dataset: the gap in percent, and half its interval."""
    datasets = list(dict.fromkeys(row.dataset for row in rows))
    found = {(row.imitator, row.dataset): row for row in rows}
    imitators = dict.fromkeys(row.imitator for row in rows)
    lines = [
        [caption("imitators", imitator), *(_gap(found.get((imitator, dataset))) for dataset in datasets)]
        for imitator in imitators
    ]
    return grid(["", *datasets], lines)


def _rows(results: Path, dataset: str) -> Iterator[Row]:
    files = [str(path) for path in sorted(results.glob(f"imitation/{dataset}/*/*.npz")) if IMITATION.read(path)]
    data = results.parent / DATA.format(dataset=dataset)
    found = gather_one([str(data), *files], [*DATA_SOURCES, *SOURCES])
    wanted = level_returns(found.of(Data).dataset)
    for imitator, imitation in found.of(Embeddings).imitations.items():
        yield Row(dataset, imitator, len(imitation.seeds), *over_seeds(gaps(imitation, wanted).mean(axis=1)))


def _gap(row: Row | None) -> str:
    """``4 ± 1 %``."""
    if row is None:
        return NOTHING
    half = "" if row.low is None or row.high is None else f" ± {50 * (row.high - row.low):.0f}"
    return f"{100 * row.gap:.0f}{half} %"

"""Probes of a dataset's embeddings, side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from stages.evaluation.statistics import mean, t_interval
from stages.paths import PROBES
from stages.quoting.markdown import NOTHING, fraction, grid
from stages.reporting.embeddings.results import SOURCES, Embeddings
from stages.reporting.gathering import gather_one
from stages.reporting.kit.captions import caption

WHOLE_RUN = False  # a dataset's probes are whole by themselves
PROBED = {
    "linear: level accuracy": "levels",
    "1 labels: level accuracy": "levels, 1 label each",
    "first 20 steps: level accuracy": "levels, first 20 steps",
    "linear: return R2": "returns, R2",
    "linear: return R2 within levels": "within levels, R2",
    "linear: held-out policies: return R2": "returns of held-out policies, R2",
    "with length: held-out policies: return R2": "the same with length, R2",
    "linear: held-out policies: return R2 within levels": "within these policies, R2",
    "first 100 steps: return R2 within levels": "within levels, first 100 steps, R2",
    "shuffled steps: level accuracy": "levels, steps shuffled",
}


@dataclass(frozen=True)
class Row:
    """Attributes:
    dataset: Name in params.
    embedding: Recipe in params.
    probe: Name of the probe.
    seeds: How many.
    mean, low, high: Score over seeds, with Student's t interval where there are three seeds.
    """

    dataset: str
    embedding: str
    probe: str
    seeds: int
    mean: float
    low: float | None
    high: float | None


def take(results: Path, subjects: Sequence[str]) -> list[Row]:
    """Rows of the datasets `subjects` that ``snakemake embeddings`` has probed."""
    return [row for dataset in subjects for row in _rows(results, dataset)]


def table(rows: Sequence[Row], subject: str) -> str:
    """One line per embedding of the dataset `subject`: means over seeds, and half their intervals."""
    rows = [row for row in rows if row.dataset == subject]
    found = {(row.embedding, row.probe): row for row in rows}
    shown = {probe: name for probe, name in PROBED.items() if any(row.probe == probe for row in rows)}
    lines = [
        [caption("embeddings", embedding), *(_score(found.get((embedding, probe))) for probe in shown)]
        for embedding in dict.fromkeys(row.embedding for row in rows)
    ]
    return grid(["", *shown.values()], lines)


def _rows(results: Path, dataset: str) -> Iterator[Row]:
    probed = [str(path) for path in sorted(results.glob(f"probes/{dataset}/*/*.json")) if PROBES.read(path)]
    if not probed:
        return
    for embedding, found in gather_one(probed, SOURCES).of(Embeddings).probed.items():
        for probe in PROBED:
            if probe in found.scores and not np.isnan(found.scores[probe]).all():
                scores = found.scores[probe]
                yield Row(dataset, embedding, probe, len(scores), *over_seeds(scores))


def over_seeds(scores: Float[np.ndarray, "seeds"]) -> tuple[float, float | None, float | None]:
    """Mean and the ends of Student's t interval, with few digits; without ends for fewer than three seeds."""
    interval = t_interval(scores, mean)
    low, high = (None if np.isnan(end) else round(float(end), 4) for end in (interval.low, interval.high))
    return round(float(interval.value), 4), low, high


def _score(row: Row | None) -> str:
    """``.991 ± .004``."""
    if row is None:
        return NOTHING
    value = fraction(row.mean, 2)
    return value if row.low is None or row.high is None else f"{value} ± {fraction((row.high - row.low) / 2, 2)}"

"""Agents over all compared datasets: what holds in general, as far as the seeds can tell."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from jaxtyping import Float

from stages.evaluation.statistics import bootstrap_interval, paired_difference, probability_of_improvement
from stages.reporting.gathering import Collection
from stages.reporting.kit.captions import caption
from stages.reporting.kit.metrics import text_of
from stages.reporting.kit.tables import Table
from stages.reporting.offline.results import Compared, Offline
from stages.reporting.offline.tables import ENOUGH_SEEDS
from stages.seeding import generator

RESAMPLES = 2000
Pair = tuple[Compared, Compared]


def across_table(collection: Collection) -> Table | None:
    """A row for each agent compared with its reference on several datasets with D4RL scores; None without any."""
    found: dict[str, list[Pair]] = {}
    for results in collection.values():
        for name, pair in _pairs(results.of(Offline)):
            found.setdefault(name, []).append(pair)
    rows = [_row(name, pairs) for name, pairs in found.items() if len(pairs) > 1]
    return Table.of(rows) if rows else None


def _pairs(offline: Offline) -> Iterable[tuple[str, Pair]]:
    for name, compared in offline.agents.items():
        reference = offline.reference(name)
        if reference is not None and compared.unit == "D4RL score":
            yield name, (compared, reference)


def _row(name: str, pairs: list[Pair]) -> dict[str, str]:
    runs = min(len(compared.rows) for pair in pairs for compared in pair)
    ours, theirs = (_scores(pairs, side, runs) for side in (0, 1))
    enough = runs >= ENOUGH_SEEDS
    references = dict.fromkeys(caption("agents", theirs.first.agent) for _, theirs in pairs)
    return {
        "agent": caption("agents", name),
        "datasets": str(len(pairs)),
        "seeds": str(runs),
        "mean": f"{ours.mean():.1f}",
        "IQM [95 %]": text_of(bootstrap_interval(ours, generator(0, "bootstrap"), resamples=RESAMPLES))
        if enough
        else "",
        "difference to": " or ".join(references),
        "paired [95 %]": text_of(paired_difference(ours.mean(axis=1), theirs.mean(axis=1))),
        "P(better)": f"{probability_of_improvement(ours, theirs):.0%}",
    }


def _scores(pairs: list[Pair], side: int, runs: int) -> Float[np.ndarray, "runs tasks"]:
    """Scores of one side, a column for each dataset."""
    return np.stack([pair[side].scores[:runs] for pair in pairs], axis=1)

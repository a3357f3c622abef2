"""Compared offline algorithms over all datasets, each with its difference to what it is a variant of."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from stages.evaluation.statistics import paired_difference
from stages.quoting.markdown import NOTHING, grid
from stages.reporting.kit.captions import caption
from stages.reporting.kit.records import read_rows
from stages.reporting.offline.results import Compared, Offline, OfflineRow

WHOLE_RUN = False  # a dataset's table is whole by itself


@dataclass(frozen=True)
class Row:
    """Attributes:
    dataset, agent, reference: Names in params; the reference is what differences are to.
    trained_on: What the agent's algorithm learnt from.
    seed: The seed.
    score: D4RL score of the policy after the last step, mean over rollouts.
    rollouts: How many.
    steps, widths, batch_size: Of the algorithm, where there is one.
    """

    dataset: str
    agent: str
    reference: str
    trained_on: str
    seed: int
    score: float
    rollouts: int
    steps: int | None
    widths: str | None
    batch_size: int | None


def take(results: Path, subjects: Sequence[str]) -> list[Row]:
    """Rows of the datasets that ``snakemake offline_rl`` has compared, those of D4RL's scale."""
    return [
        Row(
            path.stem, row.agent, row.reference, row.trained_on, row.seed, row.d4rl_score,
            len(row.rollouts.split()), row.steps, row.widths, row.batch_size,
        )
        for path in sorted((results / "offline_rl").glob("*.csv"))
        for row in read_rows(path, OfflineRow)
        if row.d4rl_score is not None
    ]  # fmt: skip


def table(rows: Sequence[Row], subject: str) -> str:
    """One line per agent, one column per dataset: mean score, and the paired difference with its t interval."""
    datasets = {name: _compared(rows, name) for name in dict.fromkeys(row.dataset for row in rows)}
    agents = dict.fromkeys(row.agent for row in rows)
    lines = [
        [caption("agents", agent), *(_cell(offline, agent) for offline in datasets.values())]
        for agent in sorted(agents, key=list(_order(datasets.values())).index)
    ]
    return grid(["", *datasets], lines)


def _order(datasets: Iterable[Offline]) -> dict[str, None]:
    """Agents in the order of the dataset that has most of them."""
    longest = sorted(datasets, key=lambda offline: -len(offline.agents))
    return dict.fromkeys(name for offline in longest for name in offline.agents)


def _compared(rows: Sequence[Row], dataset: str) -> Offline:
    return Offline(
        [
            OfflineRow(row.agent, row.trained_on, row.reference, row.seed, False, 0.0, "", row.score)
            for row in rows
            if row.dataset == dataset
        ]
    )


def _cell(offline: Offline, agent: str) -> str:
    """``45.1``, or ``45.1 (+3.2 [-1.0, 7.4])`` where there is a reference."""
    if agent not in offline.agents:
        return NOTHING
    ours, theirs = offline.agents[agent], offline.reference(agent)
    return f"{ours.scores.mean():.1f}" + ("" if theirs is None else f" ({_difference(ours, theirs)})")


def _difference(ours: Compared, theirs: Compared) -> str:
    found = paired_difference(ours.scores, theirs.scores)
    ends = "" if math.isnan(found.low) else f" [{found.low:.1f}, {found.high:.1f}]"
    return f"{found.value:+.1f}{ends}"

"""The comparison on one dataset as tables: scores, and what trying policies online would find."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from stages.evaluation.best_found import best_found
from stages.evaluation.statistics import paired_difference, probability_of_improvement
from stages.reporting.kit.captions import caption
from stages.reporting.kit.metrics import seeds_interval, text_of
from stages.reporting.kit.tables import Table
from stages.reporting.offline.published import PublishedScores
from stages.reporting.offline.results import Compared, Offline
from stages.seeding import generator

ENOUGH_SEEDS = 6  # for intervals of an interquartile mean by resampling; fewer are shown one by one
EVALUATIONS = (1, 3, 10, 30, 100)


def scores_table(offline: Offline, published: PublishedScores, resamples: int) -> Table:
    """Every agent: its score, the difference to its reference seed by seed, its training, and what is printed."""
    rows = [_row(offline, name, compared, published, resamples) for name, compared in offline.agents.items()]
    means = [compared.scores.mean() for compared in offline.agents.values()]
    return Table.of(rows, {int(np.argmax(means))})


def _row(offline: Offline, name: str, compared: Compared, published: PublishedScores, resamples: int) -> dict[str, str]:
    few, scores, reference = len(compared.rows) < ENOUGH_SEEDS, compared.scores, offline.reference(name)
    return {
        "agent": caption("agents", name),
        "trained on": compared.first.trained_on,
        f"{compared.unit}: mean ± std": f"{scores.mean():,.1f} ± {scores.std():,.1f}",
        "each seed": ", ".join(f"{score:,.0f}" for score in scores) if few else "",
        "IQM [95 %]": "" if few else text_of(seeds_interval(scores, resamples)),
        "difference to": "" if reference is None else caption("agents", reference.first.agent),
        "paired [95 %]": "" if reference is None else text_of(paired_difference(scores, reference.scores)),
        "P(better)": "" if reference is None else f"{better(compared, reference):.0%}",
        "steps, widths, batch": _budget(compared),
        "CORL": _with_deviation(published.corl.get(name)),
        "IQL paper": str(published.paper.get(name, "")),
    }


def better(ours: Compared, theirs: Compared) -> float:
    """Chance that a random seed of ours has a better score than one of theirs."""
    return probability_of_improvement(ours.scores[:, None], theirs.scores[:, None])


def found_table(agents: Mapping[str, Compared]) -> Table:
    """Score of the policy held best after some online evaluations: of each agent's seeds, and of all of them."""
    policies = {caption("agents", name): [compared] for name, compared in agents.items()}
    rows = [_found(name, chosen) for name, chosen in {**policies, "any of these": list(agents.values())}.items()]
    return Table.of(rows)


def _found(name: str, compared: Sequence[Compared]) -> dict[str, str]:
    fewest = min(metrics.rollouts.shape[1] for metrics in compared)
    rollouts = np.concatenate([metrics.rollouts[:, :fewest] for metrics in compared])
    found = best_found(rollouts, max(EVALUATIONS), generator(0, "online evaluations"))
    numbers = {f"{number} evaluations": f"{found[number - 1]:,.1f}" for number in EVALUATIONS}
    return {"agent": name, "policies": str(len(rollouts)), **numbers}


def _budget(compared: Compared) -> str:
    row = compared.first
    return "" if row.steps is None else f"{row.steps:,}, {row.widths}, {row.batch_size}"


def _with_deviation(printed: tuple[float, float] | None) -> str:
    return "" if printed is None else f"{printed[0]:.1f} ± {printed[1]:.1f}"

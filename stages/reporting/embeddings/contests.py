"""Whether an embedding tells more than summary statistics do, probe by probe, and what is to be said of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from stages.evaluation.statistics import Interval, paired_difference
from stages.reporting.embeddings.results import Probed
from stages.reporting.kit.captions import caption
from stages.reporting.kit.metrics import text_of
from stages.reporting.kit.words import listed

BASELINE, TOLD = "summary", "true_level"  # methods: what learned embeddings have to beat, and what is told the level
# Probes that are no contest: a control, distances (of which more is not better), and R2 in other words.
NO_CONTEST, ERROR = ("shuffled steps: ", "transport: "), "absolute error"
MOST_NAMED = 3  # embeddings that win somewhere, in a sentence
CHANCE = 0.025  # of an interval that lies above 0 where nothing differs


@dataclass(frozen=True)
class Contest:
    """One probe of one embedding against summary statistics.

    Attributes:
        embedding: Its recipe.
        probe: The probe.
        seeds: Number of seeds.
        score: The embedding's mean score.
        difference: To that of summary statistics, mean over seeds with its interval.
    """

    embedding: str
    probe: str
    seeds: int
    score: float
    difference: Interval

    @property
    def won(self) -> bool:
        """Whether the embedding is better, as far as its interval says; never with fewer than three seeds.

        A share of variance below 0 is worse than knowing nothing, and wins against nothing.
        """
        return self.difference.low > 0 and self.score > 0


def contests(probed: Mapping[str, Probed]) -> list[Contest]:
    """Every embedding that is told nothing against the first of summary statistics, where their seeds are equal."""
    baseline = next((found for found in probed.values() if found.method == BASELINE), None)
    if baseline is None:
        return []
    return [
        Contest(name, probe, len(scores), float(scores.mean()), paired_difference(scores, baseline.scores[probe]))
        for name, found in probed.items()
        if found.method not in (BASELINE, TOLD) and np.array_equal(found.seeds, baseline.seeds)
        for probe, scores in found.scores.items()
        if _is_contest(probe) and probe in baseline.scores and np.isfinite(scores - baseline.scores[probe]).all()
    ]


def sentences(held: Sequence[Contest]) -> Iterable[str]:
    """Where embeddings tell more than summary statistics, or plainly that none does; nothing without a contest."""
    if not held:
        return
    fewest = min(contest.seeds for contest in held)
    if fewest < 3:
        number = "one seed is" if fewest == 1 else f"{fewest} seeds are"
        yield f"Whether an embedding tells more than summary statistics is left open: {number} too few."
        return
    won: dict[str, list[Contest]] = {}
    for contest in held:
        if contest.won:
            won.setdefault(contest.embedding, []).append(contest)
    odds = f"{len(held)} comparisons, of which chance alone would make {CHANCE * len(held):.2g} look better"
    if not won:
        yield f"No embedding tells more than summary statistics on any probe ({odds})."
        return
    most = sorted(won.items(), key=lambda item: -len(item[1]))[:MOST_NAMED]
    probes = len({contest.probe for contest in held})
    named = [f"{caption('embeddings', name)} on {len(better)} of {probes} probes" for name, better in most]
    best = max((contest for better in won.values() for contest in better), key=lambda contest: contest.difference.value)
    yield (
        f"More than summary statistics tell {listed(named)} ({odds}); the most, {text_of(best.difference, 2)}, "
        f"{caption('embeddings', best.embedding)} on “{best.probe}”."
    )


def _is_contest(probe: str) -> bool:
    return not probe.startswith(NO_CONTEST) and not probe.endswith(ERROR)

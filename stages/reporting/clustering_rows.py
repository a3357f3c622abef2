"""Rows that compare all clusterings of a dataset on equal terms: scores, stability, cost, and what was published.

Columns besides clustering, method and seeds:
    {score}_mean, _std, _min    `nmi`, `ari`, `rand`, `accuracy` against the true policies, over seeds
    good                        share of seeds with an NMI of at least `good_from`
    good_from                   99 % of the NMI that the true policies themselves reach; 0.95 where that is not known
    clusters, _low, _high       number of clusters with episodes: the most frequent one, the range over seeds
    agreement                   mean ARI between seeds
    ambiguous                   share of episodes that several clusters explain about equally well
    within_conflict             share of pairs of episodes in one cluster that are in conflict
    behavioural_kl              mean over the matched pairs of cluster and true policy, nats per step
    cpu_seconds, max_rss_mb     computing time per seed; largest memory of a job
    published_*                 NMI, ARI and Rand index of a paper for the same method, and what they are
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float

from stages.reporting.benchmarks import cost
from stages.reporting.diagnoses import Diagnosis, matched_divergence, within_conflict
from stages.reporting.inputs import DatasetResults
from stages.reporting.published import published

SCORES = ("nmi", "ari", "rand", "accuracy")
OF_CEILING, GOOD = 0.99, 0.95


def clustering_rows(results: DatasetResults) -> pd.DataFrame:
    """One row per diagnosed clustering of a dataset, in the order in which they were given."""
    theirs = published(results).get("clustering", {})
    return pd.DataFrame(
        [
            {
                "clustering": name,
                "method": one.method,
                "seeds": len(one.seeds),
                **_scores(one),
                **_clusters(one),
                "agreement": one.agreement,
                "ambiguous": _mean(one.over_seeds("ambiguous")),
                "within_conflict": _mean(np.array([within_conflict(seed) for seed in one.seeds])),
                "behavioural_kl": _mean(np.array([matched_divergence(seed) for seed in one.seeds])),
                **cost(results.jobs(name)),
                **{f"published_{key}": value for key, value in theirs.get(one.method, {}).items()},
            }
            for name, one in results.diagnoses.items()
        ]
    )


def ceiling(diagnosis: Diagnosis) -> float | None:
    """NMI of the true policies themselves, where it is known."""
    oracle = diagnosis.dataset.get("oracle") or {}
    return oracle.get("nmi")


def _scores(diagnosis: Diagnosis) -> dict[str, float | None]:
    held: dict[str, float | None] = {}
    for score in SCORES:
        values = diagnosis.scores(score)
        known = values[~np.isnan(values)]
        for name, of in (("mean", np.mean), ("std", np.std), ("min", np.min)):
            held[f"{score}_{name}"] = float(of(known)) if len(known) else None
    best, nmi = ceiling(diagnosis), diagnosis.scores("nmi")
    enough = GOOD if best is None else OF_CEILING * best
    reached = None if np.isnan(nmi).all() else float((nmi >= enough).mean())
    return held | {"good": reached, "good_from": enough, "ceiling_nmi": best}


def _clusters(diagnosis: Diagnosis) -> dict[str, int]:
    found = [sum(size > 0 for size in seed["sizes"]) for seed in diagnosis.seeds]
    return {"clusters": usual(found), "clusters_low": min(found), "clusters_high": max(found)}


def usual(numbers: list[int]) -> int:
    """The most frequent number, the smallest of several."""
    counts = Counter(numbers)
    return min(number for number, times in counts.items() if times == max(counts.values()))


def _mean(values: Float[np.ndarray, "seeds"]) -> float | None:
    known: Any = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else None

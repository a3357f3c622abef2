"""The table that compares all clusterings of a dataset on equal terms: scores, stability, cost, published scores."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from stages.errors import UserError
from stages.reporting import TABLES
from stages.reporting.clusterings.diagnoses import Diagnosis
from stages.reporting.clusterings.published import PublishedClusterings, PublishedScores
from stages.reporting.clusterings.records import ClusteringRow
from stages.reporting.clusterings.results import DIAGNOSES, Clusterings
from stages.reporting.data.published import from_papers
from stages.reporting.data.results import SOURCES as DATA
from stages.reporting.gathering import DatasetResults, gather_one
from stages.reporting.kit.records import frame
from stages.reporting.run.results import JOBS, Run
from stages.settings import Settings

if TYPE_CHECKING:
    import pandas as pd

SCORES = ("nmi", "ari", "rand", "accuracy")
OF_CEILING, GOOD = 0.99, 0.95


@TABLES.register("clustering", Settings)
def clustering_table(files: Sequence[str], settings: Settings) -> pd.DataFrame:
    """One row per clustering, columns as in `ClusteringRow`; those of published numbers only where there are some.

    Args:
        files: The dataset, the diagnostics of its clusterings and benchmarks.
        settings: None.

    Raises:
        UserError: The files are of several datasets, or there are no diagnostics.
    """
    rows = clustering_rows(gather_one(files, (*DATA, DIAGNOSES, JOBS)))
    if not rows:
        raise UserError("no diagnostics among the files", remedy="Run `python -m stages.diagnose_clusters` first")
    table = frame(rows, ClusteringRow)
    published = [column for column in table if column.startswith("published_")]
    some = dict.fromkeys(column for row in rows for column in published if getattr(row, column) is not None)
    return table[[*table.columns.drop(published), *some]]


def clustering_rows(results: DatasetResults) -> list[ClusteringRow]:
    """One row per diagnosed clustering of a dataset, in the order in which they were given."""
    published = from_papers(results, PublishedClusterings).clustering
    return [
        _row(results, name, diagnosis, published.get(diagnosis.method))
        for name, diagnosis in results.of(Clusterings).diagnoses.items()
    ]


def _row(results: DatasetResults, name: str, diagnosis: Diagnosis, published: PublishedScores | None) -> ClusteringRow:
    ceiling, nmi = ceiling_nmi(diagnosis), diagnosis.scores("nmi")
    enough = GOOD if ceiling is None else OF_CEILING * ceiling
    found = [sum(size > 0 for size in seed.sizes) for seed in diagnosis.seeds]
    cost = results.of(Run).cost("clusters", name)
    return ClusteringRow(
        clustering=name,
        method=diagnosis.method,
        seeds=len(diagnosis.seeds),
        **_scores(diagnosis),
        good=None if np.isnan(nmi).all() else float((nmi >= enough).mean()),
        good_from=enough,
        ceiling_nmi=ceiling,
        clusters=usual(found),
        clusters_low=min(found),
        clusters_high=max(found),
        agreement=diagnosis.agreement,
        k_probability=_mean(diagnosis.over_seeds("k_probability")),
        ambiguity=_mean(diagnosis.over_seeds("ambiguity")),
        drift=_mean(diagnosis.over_seeds("drift")),
        ambiguous=_mean(diagnosis.over_seeds("ambiguous")),
        within_conflict=_mean(diagnosis.over_seeds("within_conflict")),
        behavioural_kl=_mean(diagnosis.over_seeds("matched_divergence")),
        cpu_seconds=cost.cpu_seconds,
        max_rss_mb=cost.max_rss_mb,
        published_nmi=published and published.nmi,
        published_ari=published and published.ari,
        published_rand=published and published.rand,
        published_what=published and published.what,
    )


def ceiling_nmi(diagnosis: Diagnosis) -> float | None:
    """NMI of the true policies themselves, where it is known."""
    return None if diagnosis.dataset.oracle is None else diagnosis.dataset.oracle.nmi


def _scores(diagnosis: Diagnosis) -> dict[str, float | None]:
    """Mean, standard deviation and minimum of each score, by field."""
    values: dict[str, float | None] = {}
    for score in SCORES:
        over_seeds = diagnosis.scores(score)
        scored = over_seeds[~np.isnan(over_seeds)]
        for name, statistic in (("mean", np.mean), ("std", np.std), ("min", np.min)):
            values[f"{score}_{name}"] = float(statistic(scored)) if len(scored) else None
    return values


def usual(numbers: list[int]) -> int:
    """The most frequent number, the smallest of several."""
    counts = Counter(numbers)
    return min(number for number, times in counts.items() if times == max(counts.values()))


def _mean(values: Float[np.ndarray, "seeds"]) -> float | None:
    finite = values[~np.isnan(values)]
    return float(finite.mean()) if len(finite) else None

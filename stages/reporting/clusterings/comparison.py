"""All clusterings of a dataset side by side: against the true policies, and by what can be said without them.

Numbers come from `results/clustering/{dataset}.csv` where it has the clustering, else from its labels alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from stages.reporting.clusterings.metrics import ClusteringMetrics, ClusterMetrics
from stages.reporting.clusterings.records import ClusteringRow
from stages.reporting.clusterings.results import Clusterings
from stages.reporting.data.results import Ceiling, Data
from stages.reporting.gathering import DatasetResults
from stages.reporting.kit.captions import caption
from stages.reporting.kit.tables import Table


def rows_of(results: DatasetResults, metrics: ClusteringMetrics) -> list[ClusteringRow]:
    """One row per clustering, as far as it is known."""
    rows = {row.clustering: row for row in results.of(Clusterings).comparison}
    for name, of_labels in metrics.clusters.items():
        rows.setdefault(name, _computed(name, of_labels))
    return list(rows.values())


def _computed(name: str, metrics: ClusterMetrics) -> ClusteringRow:
    alone = math.isnan(metrics.agreement_between_seeds)
    return ClusteringRow(
        clustering=name,
        seeds=metrics.seeds,
        agreement=None if alone else metrics.agreement_between_seeds,
        nmi_mean=metrics.nmi,
        nmi_std=metrics.nmi_std,
        nmi_min=metrics.nmi_min,
        ari_mean=metrics.ari,
        rand_mean=metrics.rand,
        accuracy_mean=metrics.accuracy,
        clusters=metrics.clusters,
        clusters_low=metrics.clusters_low,
        clusters_high=metrics.clusters_high,
    )


def scores_table(results: DatasetResults, rows: Sequence[ClusteringRow]) -> Table | None:
    """Scores against the true policies, best NMI first, beside published ones and the ceiling."""
    by_nmi = sorted(((row.nmi_mean, row) for row in rows if row.nmi_mean is not None), key=lambda pair: -pair[0])
    if not by_nmi:
        return None
    cells = [
        {
            "clustering": caption("clusterings", row.clustering),
            "NMI": _spread(row.nmi_mean, row.nmi_std),
            "lowest": _digits(row.nmi_min),
            "good seeds": "" if row.good is None else f"{round(row.good * row.seeds)} of {row.seeds}",
            caption("scores", "ari"): _digits(row.ari_mean),
            caption("scores", "rand"): _digits(row.rand_mean),
            caption("scores", "accuracy"): _digits(row.accuracy_mean),
            "clusters found": _found(row),
            "published": _published(row),
        }
        for _, row in by_nmi
    ]
    best = {index for index, (nmi, _) in enumerate(by_nmi) if nmi > by_nmi[0][0] - 5e-4}
    ceiling = results.of(Data).ceiling
    return Table.of([*cells, *([] if ceiling is None else [_ceiling(ceiling, list(cells[0]))])], best)


def findings_table(rows: Sequence[ClusteringRow]) -> Table | None:
    """What can be said without the true labels, and what the clusterings cost."""
    cells = [
        {
            "clustering": caption("clusterings", row.clustering),
            "clusters found": "" if row.nmi_mean is not None else _found(row),
            "agreement of seeds (ARI)": _digits(row.agreement),
            "probability of K": _digits(row.k_probability),
            "drift (p)": _digits(row.drift),
            "ambiguity": _percent(row.ambiguity, 2),
            "ambiguous": _percent(row.ambiguous),
            "conflict within clusters": _percent(row.within_conflict, 2),
            "KL to the true policies": _digits(row.behavioural_kl),
            "CPU seconds per seed": _digits(row.cpu_seconds, 1),
            "memory, MB": _digits(row.max_rss_mb, 0),
        }
        for row in rows
    ]
    return Table.of(cells) if any(any(list(row.values())[1:]) for row in cells) else None


def _ceiling(ceiling: Ceiling, headings: Sequence[str]) -> dict[str, str]:
    best = ceiling.nmi if ceiling.nmi_best_ties is None else ceiling.nmi_best_ties
    scores = {"NMI": f"{ceiling.nmi:.3f} to {best:.3f}", "ARI": f"{ceiling.ari:.3f}"}
    return dict.fromkeys(headings, "") | {"clustering": "true policies themselves"} | scores


def _digits(value: float | None, digits: int = 3) -> str:
    return "" if value is None else f"{value:,.{digits}f}"


def _percent(value: float | None, digits: int = 1) -> str:
    return "" if value is None else f"{value:.{digits}%}"


def _spread(mean: float | None, std: float | None) -> str:
    return _digits(mean) + ("" if std is None else f" ± {_digits(std)}")


def _found(row: ClusteringRow) -> str:
    between = f" ({row.clusters_low}–{row.clusters_high})" if row.clusters_low != row.clusters_high else ""
    return f"{row.clusters}{between}" if row.clusters else ""


def _published(row: ClusteringRow) -> str:
    scores = {"NMI": row.published_nmi, "ARI": row.published_ari, "Rand": row.published_rand}
    printed = [f"{name} {value:.3f}" for name, value in scores.items() if value is not None]
    return f"{', '.join(printed)} ({row.published_what})" if printed else ""

"""All clusterings of a dataset side by side: against the true policies, and by what can be said without them.

Numbers come from `results/clustering/{dataset}.csv` where it has the clustering, else from its labels alone.
"""

from __future__ import annotations

import json
from typing import Any

from stages.reporting.inputs import DatasetResults
from stages.reporting.names import caption
from stages.reporting.tables import Table

Row = dict[str, str]
SCORES = ("nmi", "ari", "rand", "accuracy")


def rows_of(results: DatasetResults, metrics: dict[str, Any]) -> list[Row]:
    """One row per clustering, columns as in `stages.reporting.clustering_rows` as far as they are known."""
    told = {row["clustering"]: row for row in results.clustering}
    computed = {name: _computed(name, one) for name, one in metrics["clusters"].items()}
    return list({**told, **{name: row for name, row in computed.items() if name not in told}}.values())


def _computed(name: str, one: dict[str, Any]) -> Row:
    known = {
        "seeds": one["seeds"],
        "agreement": one["agreement_between_seeds"],
        **{f"{score}_mean": one.get(score) for score in SCORES},
        **{f"nmi_{key}": one.get(f"nmi_{key}") for key in ("std", "min")},
        **{key: one[key] for key in ("clusters", "clusters_low", "clusters_high")},
    }
    return {"clustering": name} | {key: "" if value is None else str(value) for key, value in known.items()}


def scores_table(results: DatasetResults, rows: list[Row]) -> Table | None:
    """Scores against the true policies, best NMI first, beside published ones and the ceiling."""
    scored = [row for row in rows if row.get("nmi_mean")]
    if not scored:
        return None
    scored.sort(key=lambda row: -float(row["nmi_mean"]))
    cells = [
        {
            "clustering": caption("clusterings", row["clustering"]),
            "NMI": _spread(row, "nmi"),
            "lowest": _digits(row, "nmi_min"),
            "good seeds": _share(row),
            **{caption("scores", score): _digits(row, f"{score}_mean") for score in SCORES[1:]},
            "clusters found": _found(row),
            "published": _published(row),
        }
        for row in scored
    ]
    best = {index for index, row in enumerate(scored) if float(row["nmi_mean"]) > float(scored[0]["nmi_mean"]) - 5e-4}
    if ceiling := ceiling_of(results):
        low, high = ceiling["nmi"], ceiling["nmi_best_ties"]
        cells.append(
            dict.fromkeys(cells[0], "")
            | {
                "clustering": "true policies themselves",
                "NMI": f"{low:.3f} to {high:.3f}",
                "ARI": f"{ceiling['ari']:.3f}",
            }
        )
    return _table(cells, best)


def findings_table(rows: list[Row]) -> Table | None:
    """What can be said without the true labels, and what the clusterings cost."""
    cells = [
        {
            "clustering": caption("clusterings", row["clustering"]),
            "clusters found": "" if row.get("nmi_mean") else _found(row),
            "agreement of seeds (ARI)": _digits(row, "agreement"),
            "ambiguous": _percent(row, "ambiguous"),
            "conflict within clusters": _percent(row, "within_conflict", 2),
            "KL to the true policies": _digits(row, "behavioural_kl"),
            "CPU seconds per seed": _digits(row, "cpu_seconds", 1),
            "memory, MB": _digits(row, "max_rss_mb", 0),
        }
        for row in rows
    ]
    return _table(cells) if any(any(list(row.values())[1:]) for row in cells) else None


def ceiling_of(results: DatasetResults) -> dict[str, float] | None:
    """Scores of the true policies themselves, where the generator worked them out."""
    if results.dataset is None or "oracle_ceiling" not in results.dataset.attributes:
        return None
    ceiling: dict[str, float] = json.loads(results.dataset.attributes["oracle_ceiling"])
    return ceiling


def _table(rows: list[dict[str, str]], emphasised: set[int] | None = None) -> Table:
    """A table without the columns that say nothing."""
    used = [heading for heading in rows[0] if any(row[heading] for row in rows)]
    return Table(used, [[row[heading] or "–" for heading in used] for row in rows], emphasised or set())


def _digits(row: Row, key: str, digits: int = 3) -> str:
    return f"{float(row[key]):,.{digits}f}" if row.get(key) else ""


def _percent(row: Row, key: str, digits: int = 1) -> str:
    return f"{float(row[key]):.{digits}%}" if row.get(key) else ""


def _spread(row: Row, score: str) -> str:
    spread = _digits(row, f"{score}_std")
    return _digits(row, f"{score}_mean") + (f" ± {spread}" if spread else "")


def _share(row: Row) -> str:
    return f"{round(float(row['good']) * int(row['seeds']))} of {row['seeds']}" if row.get("good") else ""


def _found(row: Row) -> str:
    if not row.get("clusters"):
        return ""
    low, high = row["clusters_low"], row["clusters_high"]
    return row["clusters"] + (f" ({low}–{high})" if low != high else "")


def _published(row: Row) -> str:
    scores = [f"{name.upper() if name != 'rand' else 'Rand'} {float(row[f'published_{name}']):.3f}" for name in SCORES
              if row.get(f"published_{name}")]  # fmt: skip
    return f"{', '.join(scores)} ({row['published_what']})" if scores else ""

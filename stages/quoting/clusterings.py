"""Clusterings of all compared datasets side by side, by their mutual information (NMI) with the true behaviours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from stages.made_files import read_table, reading
from stages.quoting.markdown import NOTHING, fraction, grid, index
from stages.quoting.published import printed

WHOLE_RUN = False  # a dataset's table is whole by itself
DATASETS = {
    "takeball": "Takeball",
    "diagonal": "Diagonal",
    "hopper-medium-expert": "Hopper",
    "halfcheetah-medium-expert": "HalfCheetah",
    "walker2d-medium-expert": "Walker2d",
    "takeball-2000": "Takeball, 2,000 episodes",
    "diagonal-2000": "Diagonal, 2,000 episodes",
    "hopper-medium-expert-10k": "Hopper, 10,000 steps",
    "halfcheetah-medium-expert-20k": "HalfCheetah, 20,000 steps",
    "walker2d-medium-expert-10k": "Walker2d, 10,000 steps",
}
RECIPES = {
    "evidence": "`evidence`, K found",
    "evidence_k": "`evidence`, K told",
    "em": "`em` from evidence",
    "em_plain": "`em` as published",
    "pg_kmeans": "`pg_kmeans`, best of 5",
    "pg_kmeans_evidence": "`pg_kmeans` from evidence",
    "caae": "`caae`",
    "caae_released": "`caae` as released",
    "dec": "`dec`",
    "vae_kmeans": "`vae_kmeans`",
    "vq_vae": "`vq_vae`",
    "sorl": "`sorl`",
    "dcpl": "`dcpl`, K found",
    "kausik": "`kausik`",
    "summary_kmeans": "`summary_kmeans`",
    "summary_gmm": "`summary_gmm`",
    "return_kmeans": "`return_kmeans`",
    "vte_kmeans": "`embedding_kmeans` on VTE",
    "vte_gmm": "`embedding_gmm` on VTE, K found",
    "zbc_kmeans": "`embedding_kmeans` on ZBC",
}


@dataclass(frozen=True)
class Row:
    """Attributes:
    dataset: Name in params.
    clustering: Recipe in params.
    nmi_mean, nmi_min: NMI over seeds; the lowest is not known of baselines that were noted without it.
    ceiling_low, ceiling_high: NMI of clusters by the true policies, and its range where it was noted for several runs.
    """

    dataset: str
    clustering: str
    nmi_mean: float
    nmi_min: float | None
    ceiling_low: float | None
    ceiling_high: float | None


def take(results: Path, subjects: Sequence[str]) -> list[Row]:
    """Rows of the datasets that ``snakemake clustering`` has compared."""
    rows = []
    for dataset in DATASETS:
        path = results / "clustering" / f"{dataset}.csv"
        if path.exists():
            with reading(path):
                for row in read_table(path, ["clustering"]):
                    ceiling = float(row["ceiling_nmi"]) if row["ceiling_nmi"] else None
                    scores = float(row["nmi_mean"]), float(row["nmi_min"])
                    rows.append(Row(dataset, row["clustering"], *scores, ceiling, ceiling))
    return rows


def table(rows: Sequence[Row], subject: str) -> str:
    """One line per recipe: the mean and, in brackets, the lowest NMI over seeds."""
    found = {(row.clustering, row.dataset): row for row in rows}
    shown = [dataset for dataset in DATASETS if any(row.dataset == dataset for row in rows)]
    lines = [["true policies (ceiling)", *(_ceiling(rows, dataset) for dataset in shown)]]
    for recipe, name in RECIPES.items():
        if any(row.clustering == recipe for row in rows):
            lines.append([name, *(_scores(found.get((recipe, dataset))) for dataset in shown)])
    if any(published := list(map(_published, shown))):
        lines.append(["published PG-Kmeans, best of 5", *published])
    return grid(["", *(DATASETS[dataset] for dataset in shown)], lines)


def _scores(row: Row | None) -> str:
    """``.990 (.960)``."""
    if row is None:
        return NOTHING
    return index(row.nmi_mean) + ("" if row.nmi_min is None else f" ({index(row.nmi_min)})")


def _ceiling(rows: Sequence[Row], dataset: str) -> str:
    ends = [(index(row.ceiling_low), index(row.ceiling_high)) for row in rows if row.dataset == dataset]
    return "-".join(dict.fromkeys(ends[0]))


def _published(dataset: str) -> str:
    """The range over initial numbers of clusters, where papers print some."""
    best = printed().get(dataset, {}).get("k_sensitivity", {}).get("best", [])
    return "-".join(dict.fromkeys([fraction(min(best), 3), fraction(max(best), 3)])) if best else ""

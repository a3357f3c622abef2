"""What a run's own clusterings found: how many behaviours, and how well they agree with the true ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from stages.made_files import read_object, reading
from stages.quoting.markdown import NOTHING, grid, index


@dataclass(frozen=True)
class Row:
    """Attributes:
    dataset: Name in params.
    clustering: Recipe in params.
    seeds: How many.
    clusters_low, clusters_high: Fewest and most clusters that a seed found.
    nmi_mean, nmi_min: Mutual information with the true behaviours over seeds, where it is known.
    perfect: Seeds that found the true behaviours exactly, where it is known.
    """

    dataset: str
    clustering: str
    seeds: int
    clusters_low: int
    clusters_high: int
    nmi_mean: float | None
    nmi_min: float | None
    perfect: int | None


def take(results: Path, subjects: Sequence[str]) -> list[Row]:
    """Rows of all clusterings in a finished run's metrics."""
    metrics = read_object(results / "metrics.json")
    with reading(results / "metrics.json"):
        return [
            Row(
                dataset,
                clustering,
                found["seeds"],
                found["clusters_low"],
                found["clusters_high"],
                found.get("nmi"),
                found.get("nmi_min"),
                round(found["perfect"] * found["seeds"]) if "perfect" in found else None,
            )
            for dataset, entry in metrics.items()
            for clustering, found in entry["clusters"].items()
        ]


def table(rows: Sequence[Row], subject: str) -> str:
    """One line per dataset and recipe; NMI as mean and, in brackets, lowest seed."""
    lines = []
    for row in rows:
        clusters = "-".join(dict.fromkeys([str(row.clusters_low), str(row.clusters_high)]))
        scores = NOTHING if row.nmi_mean is None else f"{index(row.nmi_mean)} ({index(row.nmi_min)})"
        perfect = NOTHING if row.perfect is None else f"{row.perfect} of {row.seeds}"
        lines.append([f"{row.dataset}, `{row.clustering}`", clusters, scores, perfect])
    return grid(["", "behaviours found", "NMI", "seeds without a mistake"], lines)

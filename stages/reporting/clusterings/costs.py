"""What methods cost in time and memory, against the number of steps N and of clusters K, from `clustering_cost.csv`.

Runs that differ in one of the two sizes, the other being the one with most runs, make a line.
"""

from __future__ import annotations

from collections.abc import Sequence

from stages.plotting.clustering_cost import Panel, clustering_cost
from stages.reporting.clusterings.records import CostRow
from stages.reporting.clusterings.rows import usual
from stages.reporting.kit.captions import caption
from stages.reporting.kit.pictures import Picture, picture

SIZES = {"steps": "steps N", "num_clusters": "clusters K"}
COSTS = {"seconds": "seconds", "max_rss_mb": "memory, MB"}


def costs_picture(rows: Sequence[CostRow]) -> Picture | None:
    """A panel for each size and each cost that runs differ in; None if there are none."""
    panels = [
        Panel(x, y, lines)
        for cost, y in COSTS.items()
        for size, x in SIZES.items()
        if (lines := _lines(rows, size, cost))
    ]
    if not panels:
        return None
    alt = "Cost of clustering: " + ", ".join(
        f"{shown.y} against {shown.x} for {len(shown.lines)} methods" for shown in panels
    )
    return picture(clustering_cost(panels), "clustering-cost", alt)


def _lines(rows: Sequence[CostRow], size: str, cost: str) -> dict[str, list[tuple[float, float]]]:
    (other,) = set(SIZES) - {size}
    runs: dict[str, list[tuple[float, float, float]]] = {}
    for row in rows:
        x, fixed, y = getattr(row, size), getattr(row, other), getattr(row, cost)
        if x and fixed and y is not None:
            runs.setdefault(row.clustering, []).append((x, fixed, y))
    lines = {}
    for name, measured in runs.items():
        most = usual([int(fixed) for _, fixed, _ in measured])
        points = {x: y for x, fixed, y in measured if int(fixed) == most}
        if len(points) > 1:
            lines[caption("clusterings", name)] = sorted(points.items())
    return lines

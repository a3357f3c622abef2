"""What methods cost in time and memory, against the number of steps N and of clusters K, from `clustering_cost.csv`.

Columns there: clustering, dataset, episodes, steps, num_clusters, seconds, max_rss_mb. Runs that differ in one of the
two sizes, the other being the one with most runs, make a line.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from stages.plotting.clustering_cost import Panel, clustering_cost
from stages.reporting.clustering_rows import usual
from stages.reporting.inputs import Collection
from stages.reporting.names import caption
from stages.reporting.pictures import Picture, picture

Row = Mapping[str, str]
SIZES = {"steps": "steps N", "num_clusters": "clusters K"}
COSTS = {"seconds": "seconds", "max_rss_mb": "memory, MB"}


def costs_picture(collection: Collection) -> Picture | None:
    """A panel for each size and each cost that runs differ in; None if there are none."""
    panels = [
        Panel(x, y, lines)
        for cost, y in COSTS.items()
        for size, x in SIZES.items()
        if (lines := _lines(collection.costs, size, cost))
    ]
    if not panels:
        return None
    alt = "Cost of clustering: " + ", ".join(f"{one.y} against {one.x} for {len(one.lines)} methods" for one in panels)
    return picture(clustering_cost(panels), "clustering-cost", alt)


def _lines(rows: Sequence[Row], size: str, cost: str) -> dict[str, list[tuple[float, float]]]:
    (other,) = set(SIZES) - {size}
    known = [row for row in rows if row[size] and row[other] and row[cost]]
    lines = {}
    for name in dict.fromkeys(row["clustering"] for row in known):
        own = [row for row in known if row["clustering"] == name]
        fixed = usual([int(float(row[other])) for row in own])
        points = {float(row[size]): float(row[cost]) for row in own if int(float(row[other])) == fixed}
        if len(points) > 1:
            lines[caption("clusterings", name)] = sorted(points.items())
    return lines

"""How many behaviours a dataset holds: the true number, what methods find by themselves, and what conflicts allow.

Episodes that conflict with each other need different deterministic policies, so a clique of conflicts is a lower bound
on their number, and a colouring shows a number that is enough.
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from stages.plotting.merge_trace import Trace, merge_trace
from stages.reporting.clusterings.results import Clusterings, Clusters
from stages.reporting.clusterings.rows import usual
from stages.reporting.data.results import Data
from stages.reporting.gathering import Collection, DatasetResults
from stages.reporting.kit.captions import caption
from stages.reporting.kit.pictures import Picture, picture
from stages.reporting.kit.tables import NOTHING, Table

MOST_TRACES = 4


def num_clusters_table(collection: Collection) -> Table | None:
    """True and estimated number of behaviours of every dataset for which some method chose; None if none did."""
    estimated = {name: _estimated(results) for name, results in collection.items()}
    methods = list(dict.fromkeys(name for found in estimated.values() for name in found))
    if not methods:
        return None
    rows: list[list[str]] = []
    right: set[int] = set()
    for name, found in estimated.items():
        if found:
            true = collection[name].of(Data).true_number
            if all(usual(clusters.found) == true for clusters in found.values()):
                right.add(len(rows))
            estimates = [_estimate(found[method]) if method in found else NOTHING for method in methods]
            rows.append([name, NOTHING if true is None else str(true), _bracket(collection[name]), *estimates])
    headings = ["dataset", "true", "from conflicts", *(caption("clusterings", method) for method in methods)]
    return Table(headings, rows, right)


def criterion_picture(results: DatasetResults) -> Picture | None:
    """The criterion that each method chooses the number of clusters by, over that number."""
    shown = [
        Trace(caption("clusterings", name), found.merge_num_clusters, found.merge_scores, np.array(found.found))
        for name, found in results.of(Clusterings).clusterings.items()
        if np.isfinite(found.merge_scores).any()
    ][:MOST_TRACES]
    if not shown:
        return None
    true = results.of(Data).true_number
    alt = f"Criterion over the number of clusters for {', '.join(trace.title for trace in shown)}; true number {true}"
    return picture(merge_trace(shown, true), f"{results.name}-num-clusters", alt)


def _estimated(results: DatasetResults) -> dict[str, Clusters]:
    return {name: found for name, found in results.of(Clusterings).clusterings.items() if found.estimated}


def _estimate(clusters: Clusters) -> str:
    """The most frequent number, and by how many seeds, such as ``5 (9 of 10 seeds; 4, 6)``."""
    number, counts = usual(clusters.found), Counter(clusters.found)
    if counts[number] == len(clusters.seeds):
        return str(number)
    others = ", ".join(str(other) for other in sorted(counts) if other != number)
    return f"{number} ({counts[number]} of {len(clusters.seeds)} seeds; else {others})"


def _bracket(results: DatasetResults) -> str:
    """Clique and colouring; which clustering was diagnosed makes no difference to them."""
    for diagnosis in results.of(Clusterings).diagnoses.values():
        low, high = diagnosis.dataset.k_lower, diagnosis.dataset.k_upper
        if low is not None or high is not None:
            return f"{low if low is not None else '?'} to {high if high is not None else '?'}"
    return NOTHING

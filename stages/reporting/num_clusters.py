"""How many behaviours a dataset holds: the true number, what methods find that are not told, and what conflicts allow.

Episodes that conflict with each other need different deterministic policies, so a clique of conflicts is a lower bound
on their number, and a colouring shows a number that is enough.
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from stages.plotting.merge_trace import Trace, merge_trace
from stages.reporting.clustering_rows import usual
from stages.reporting.inputs import Clusters, Collection, DatasetResults
from stages.reporting.names import caption
from stages.reporting.pictures import Picture, picture
from stages.reporting.tables import Table


def num_clusters_table(collection: Collection) -> Table | None:
    """True and estimated number of behaviours of every dataset for which some method was not told; None if none was."""
    methods = list(
        dict.fromkeys(
            name for results in collection.values() for name, one in results.clusterings.items() if one.estimated
        )
    )
    if not methods:
        return None
    rows: list[list[str]] = []
    right: set[int] = set()
    for results in collection.values():
        found = {name: one for name, one in results.clusterings.items() if one.estimated}
        if found:
            true = true_number(results)
            estimates = [_estimate(found[name]) if name in found else "–" for name in methods]
            if all(usual(one.found) == true for one in found.values()):
                right.add(len(rows))
            rows.append([results.name, "–" if true is None else str(true), _bracket(results), *estimates])
    headings = ["dataset", "true", "from conflicts", *(caption("clusterings", name) for name in methods)]
    return Table(headings, rows, right)


def criterion_picture(results: DatasetResults) -> Picture | None:
    """The criterion that each method chooses the number of clusters by, over that number."""
    shown = [
        Trace(caption("clusterings", name), one.merge_num_clusters, one.merge_scores, np.array(one.found))
        for name, one in results.clusterings.items()
        if np.isfinite(one.merge_scores).any()
    ][:4]
    if not shown:
        return None
    true = true_number(results)
    alt = f"Criterion over the number of clusters for {', '.join(trace.title for trace in shown)}; true number {true}"
    return picture(merge_trace(shown, true), f"{results.name}-num-clusters", alt)


def true_number(results: DatasetResults) -> int | None:
    """Number of true policies with episodes, where they are known."""
    return None if results.true_labels is None else len(np.unique(results.true_labels))


def _estimate(clusters: Clusters) -> str:
    """The most frequent number, and by how many seeds, such as ``5 (9 of 10 seeds; 4, 6)``."""
    number, counts = usual(clusters.found), Counter(clusters.found)
    if counts[number] == len(clusters.seeds):
        return str(number)
    others = ", ".join(str(other) for other in sorted(counts) if other != number)
    return f"{number} ({counts[number]} of {len(clusters.seeds)} seeds; else {others})"


def _bracket(results: DatasetResults) -> str:
    """Clique and colouring; which clustering was diagnosed makes no difference to them."""
    for diagnosis in results.diagnoses.values():
        low, high = diagnosis.dataset.get("k_lower"), diagnosis.dataset.get("k_upper")
        if low is not None or high is not None:
            return f"{low if low is not None else '?'} to {high if high is not None else '?'}"
    return "–"

"""Rows that show how much a clustering depends on the number of clusters it starts from.

Series, each with a row per number of clusters k:
    best        the clustering itself: the best of its restarts by its own score, merged
    single      every restart for itself, merged
    unmerged    every restart for itself, as it was before merging
    {method}    a method without restarts, such as `dec`

Columns: k, series, seeds, runs (clusterings scored: seeds, times restarts for single ones), {nmi, ari}_mean, _std, _min
over runs, and seconds of computing per seed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Int

from stages.artifacts import Artifact
from stages.errors import UserError
from stages.reporting.contingency import counted, scores_of

SCORES = ("nmi", "ari")
SINGLE = {"single": "restart_merged", "unmerged": "restart_labels"}

Labels = Int[np.ndarray, "runs episodes"]


def k_rows(
    behaviour_policy: Int[np.ndarray, "episodes"] | None,
    parts: Mapping[str, list[Artifact]],
    seconds: Mapping[str, float | None],
) -> pd.DataFrame:
    """Scores of each series at each k.

    Args:
        behaviour_policy: True labels.
        parts: Clusters by the name of their recipe, in blocks of seeds.
        seconds: Computing time per seed of recipes, where it is known.

    Raises:
        UserError: The true labels are not known.
    """
    if behaviour_policy is None:
        raise UserError("NMI needs true labels", remedy="Import the files with label_by_file")
    rows: list[dict[str, Any]] = []
    for name, blocks in parts.items():
        seeds = sum(len(block.metadata["seeds"]) for block in blocks)
        for series, labels in _series(blocks):
            scores = pd.DataFrame([scores_of(counted(behaviour_policy, one)) for one in labels])
            row: dict[str, Any] = {"k": started_from(blocks[0]), "series": series, "seeds": seeds, "runs": len(labels)}
            for score in SCORES:
                values = scores[score].to_numpy()
                row |= {f"{score}_mean": values.mean(), f"{score}_std": values.std(), f"{score}_min": values.min()}
            rows.append(row | {"seconds": seconds.get(name)})
    order = ["best", *SINGLE]
    rows.sort(key=lambda row: (order.index(row["series"]) if row["series"] in order else len(order), row["k"]))
    return pd.DataFrame(rows)


def started_from(clusters: Artifact) -> int:
    """The number of clusters that a clustering started from."""
    settings: dict[str, Any] = clusters.metadata.get("settings", {})
    number = settings.get("initial_clusters") or settings.get("num_clusters")
    if number is None and "details/merge_num_clusters" in clusters.tensors:
        number = clusters.tensors["details/merge_num_clusters"].nan_to_num().max().item()
    return int(clusters.metadata["num_clusters"] if number is None else number)


def _series(blocks: list[Artifact]) -> Iterator[tuple[str, Labels]]:
    labels = np.concatenate([block.tensors["labels"].numpy() for block in blocks])
    restarts = {series: [block.tensors.get(f"details/{name}") for block in blocks] for series, name in SINGLE.items()}
    known = {series: [one for one in parts if one is not None] for series, parts in restarts.items()}
    if not all(known.values()):
        yield str(blocks[0].metadata.get("settings", {}).get("method", "clustering")), labels
        return
    yield "best", labels
    for series, parts in known.items():
        yield series, np.concatenate([one.flatten(0, 1).numpy() for one in parts])

"""Rows that show how much a clustering depends on the number of clusters it starts from.

Series, each with a row per number of clusters k:
    best        the clustering itself: the best of its restarts by its own score, merged
    single      every restart for itself, merged
    unmerged    every restart for itself, as it was before merging
    {method}    a method without restarts, such as `dec`
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Int

from stages.errors import UserError
from stages.paths import CLUSTERS
from stages.reporting import TABLES
from stages.reporting.clusterings.contingency import counted, scores_of
from stages.reporting.clusterings.records import KRow
from stages.reporting.data.results import SOURCES as DATA
from stages.reporting.data.results import Data
from stages.reporting.gathering import Source, by_name, gather_one
from stages.reporting.kit.records import frame
from stages.reporting.kit.tensors import TensorFile
from stages.reporting.run.results import JOBS, Run
from stages.settings import Settings

if TYPE_CHECKING:
    import pandas as pd

SCORES = ("nmi", "ari")
SINGLE = {"single": "details/restart_merged", "unmerged": "details/restart_labels"}
ORDER = ("best", *SINGLE)

Labels = Int[np.ndarray, "runs episodes"]


@dataclass(frozen=True)
class Tried:
    """Files of clusters by the name of their recipe, in blocks of seeds."""

    blocks: dict[str, list[TensorFile]] = field(default_factory=dict)


READ = partial(TensorFile, only=("labels", "details/restart_", "details/merge_num_clusters"), needed=("labels",))
FILES = Source(Tried, "blocks", (CLUSTERS,), READ, by_name("clustering", list))


@TABLES.register("k_sensitivity", Settings)
def k_table(files: Sequence[str], settings: Settings) -> pd.DataFrame:
    """Scores of each series at each k, columns as in `KRow`.

    Args:
        files: The dataset, the clusters at all k, and benchmarks.
        settings: None.

    Raises:
        UserError: The true labels are not known.
    """
    results = gather_one(files, (*DATA, FILES, JOBS))
    parts = results.of(Tried).blocks
    seconds = {name: results.of(Run).cost("clusters", name).cpu_seconds for name in parts}
    return frame(k_rows(results.of(Data).true_labels, parts, seconds), KRow)


def k_rows(
    behaviour_policy: Int[np.ndarray, "episodes"] | None,
    parts: Mapping[str, Sequence[TensorFile]],
    seconds: Mapping[str, float | None],
) -> list[KRow]:
    """One row per series and number of clusters.

    Args:
        behaviour_policy: True labels.
        parts: Clusters by the name of their recipe, in blocks of seeds.
        seconds: Computing time per seed of recipes, where it is known.

    Raises:
        UserError: The true labels are not known.
    """
    if behaviour_policy is None:
        raise UserError("NMI needs true labels", remedy="Import the files with label_by_file")
    rows = []
    for name, blocks in parts.items():
        seeds = sum(len(block.metadata["seeds"]) for block in blocks)
        for series, runs in _series(blocks):
            scores = [scores_of(counted(behaviour_policy, labels)) for labels in runs]
            spread: dict[str, float] = {}
            for score in SCORES:
                values = np.array([of_run[score] for of_run in scores])
                spread |= {f"{score}_mean": values.mean(), f"{score}_std": values.std(), f"{score}_min": values.min()}
            rows.append(KRow(started_from(blocks[0]), series, seeds, len(runs), **spread, seconds=seconds.get(name)))
    return sorted(rows, key=lambda row: (ORDER.index(row.series) if row.series in ORDER else len(ORDER), row.k))


def started_from(clusters: TensorFile) -> int:
    """The number of clusters that a clustering started from."""
    settings: dict[str, Any] = clusters.metadata.get("settings", {})
    number = settings.get("initial_clusters") or settings.get("num_clusters")
    if number is None and "details/merge_num_clusters" in clusters.arrays:
        number = np.nan_to_num(clusters.arrays["details/merge_num_clusters"]).max()
    return int(clusters.metadata["num_clusters"] if number is None else number)


def _series(blocks: Sequence[TensorFile]) -> Iterator[tuple[str, Labels]]:
    labels = np.concatenate([block.arrays["labels"] for block in blocks])
    restarts = {
        series: [block.arrays[name] for block in blocks if name in block.arrays] for series, name in SINGLE.items()
    }
    if not all(restarts.values()):
        yield str(blocks[0].metadata.get("settings", {}).get("method", "clustering")), labels
        return
    yield "best", labels
    for series, parts in restarts.items():
        yield series, np.concatenate([part.reshape(-1, part.shape[-1]) for part in parts])

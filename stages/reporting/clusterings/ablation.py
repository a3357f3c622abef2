"""The ablation of EM's heuristics, one row per combination, beside EMPO's (Tables 3 and 5): rows, table, picture."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Int
from sklearn.metrics import rand_score

from stages.clustering import CLUSTERING
from stages.errors import UserError
from stages.plotting.ablation import Variant, ablation
from stages.reporting import TABLES
from stages.reporting.clusterings.published import PublishedClusterings
from stages.reporting.clusterings.records import AblationRow
from stages.reporting.clusterings.results import CLUSTERINGS, Clusterings, Clusters
from stages.reporting.data.published import from_papers
from stages.reporting.data.results import SOURCES as DATA
from stages.reporting.data.results import Data
from stages.reporting.gathering import gather_one
from stages.reporting.kit.pictures import Picture, picture
from stages.reporting.kit.records import frame
from stages.reporting.kit.tables import NOTHING, Table
from stages.settings import Settings

if TYPE_CHECKING:
    import pandas as pd

FACTORS = ("momentum", "pretrain_epochs", "bias_epochs")


@TABLES.register("ablation", Settings)
def ablation_table(files: Sequence[str], settings: Settings) -> pd.DataFrame:
    """Rand index in percent of each combination of heuristics, columns as in `AblationRow`.

    Args:
        files: The dataset and the clusters of all combinations.
        settings: None.

    Raises:
        UserError: The true labels are not known.
    """
    results = gather_one(files, (*DATA, CLUSTERINGS))
    published = from_papers(results, PublishedClusterings).ablation
    clusterings = results.of(Clusterings).clusterings.values()
    table = frame(ablation_rows(results.of(Data).true_labels, clusterings, published), AblationRow)
    percentages = table.select_dtypes("float")
    return table.assign(**percentages.map(repr, na_action="ignore"))  # 100.0 and not 100


def ablation_rows(
    behaviour_policy: Int[np.ndarray, "episodes"] | None,
    variants: Iterable[Clusters],
    published: dict[str, tuple[float, float]],
) -> list[AblationRow]:
    """One row per combination, ordered by the three settings.

    Args:
        behaviour_policy: True labels.
        variants: Clusterings, in any order; those of equal settings are one combination.
        published: Mean and standard deviation by ``"momentum, pretrain_epochs, bias_epochs"``, may be empty.

    Raises:
        UserError: The true labels are not known.
    """
    if behaviour_policy is None:
        raise UserError("the Rand index needs true labels", remedy="Import the files with label_by_file")
    scores: dict[tuple[float, ...], dict[int, float]] = {}
    for clusters in variants:
        found = {
            int(seed): 100 * rand_score(behaviour_policy, row)
            for seed, row in zip(clusters.seeds, clusters.labels, strict=True)
        }
        scores.setdefault(_factors(clusters.settings), {}).update(found)
    return [_row(factors, by_seed, published) for factors, by_seed in sorted(scores.items())]


def _factors(settings: dict[str, Any]) -> tuple[float, ...]:
    """The heuristics' settings; a file notes those that it was given, the others had their defaults."""
    if not set(FACTORS) <= set(settings):
        settings = {**CLUSTERING.settings("em")().model_dump(), **settings}
    return tuple(float(settings[name]) for name in FACTORS)


def _row(
    factors: tuple[float, ...], by_seed: dict[int, float], published: dict[str, tuple[float, float]]
) -> AblationRow:
    values = np.array([by_seed[seed] for seed in sorted(by_seed)])
    texts = [f"{factor:g}" for factor in factors]
    return AblationRow(
        *texts,
        seeds=len(values),
        rand_mean=round(float(values.mean()), 4),
        rand_std=round(float(values.std()), 4),
        rand=" ".join(f"{value:.4f}" for value in values),
        published_mean=published.get(", ".join(texts), (None, None))[0],
        published_std=published.get(", ".join(texts), (None, None))[1],
    )


def shown_table(rows: Sequence[AblationRow]) -> Table | None:
    """Rand index of each combination of heuristics, beside the paper's."""
    if not rows:
        return None
    headings = ["momentum μ (I)", "pretraining N_p (II)", "bias N_b (III)", "seeds", "Rand index, %", "paper, %"]
    body = [
        [
            *(row.momentum, row.pretrain_epochs, row.bias_epochs, str(row.seeds)),
            *(_spread(row.rand_mean, row.rand_std), _spread(row.published_mean, row.published_std)),
        ]
        for row in rows
    ]
    return Table(headings, body)


def ablation_picture(name: str, rows: Sequence[AblationRow]) -> Picture | None:
    """Every seed of every combination."""
    if not rows:
        return None
    variants = [
        Variant(
            title=f"μ = {row.momentum}, N_p = {row.pretrain_epochs}, N_b = {row.bias_epochs}",
            per_seed=np.array(row.rand.split(), dtype=float),
            published=row.published_mean,
        )
        for row in rows
    ]
    return picture(ablation(variants), f"{name}-ablation", "Rand index of each combination, as in the table")


def _spread(mean: float | None, std: float | None) -> str:
    return NOTHING if mean is None or std is None else f"{mean:.2f} ± {std:.2f}"

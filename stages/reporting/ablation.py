"""Rows of the ablation of EM's heuristics: one per combination, ours beside EMPO's (Tables 3 and 5)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Int
from sklearn.metrics import rand_score

from stages.clustering.em import EmSettings
from stages.errors import UserError
from stages.reporting.inputs import Clusters

FACTORS = ("momentum", "pretrain_epochs", "bias_epochs")


def ablation_rows(
    behaviour_policy: Int[np.ndarray, "episodes"] | None, parts: Sequence[Clusters], published: dict[str, list[float]]
) -> pd.DataFrame:
    """Rand index in percent of each combination of heuristics.

    Args:
        behaviour_policy: True labels.
        parts: Blocks of seeds of the variants, in any order.
        published: Mean and standard deviation by ``"momentum, pretrain_epochs, bias_epochs"``, may be empty.

    Returns:
        Columns momentum, pretrain_epochs, bias_epochs, seeds, rand_mean, rand_std, rand (one number per seed, separated
        by blanks), published_mean, published_std; ordered by the three settings.

    Raises:
        UserError: The true labels are not known.
    """
    if behaviour_policy is None:
        raise UserError("the Rand index needs true labels", remedy="Import the files with label_by_file")
    scores: dict[tuple[float, ...], dict[int, float]] = {}
    for part in parts:
        found = {
            int(seed): 100 * rand_score(behaviour_policy, row)
            for seed, row in zip(part.seeds, part.labels, strict=True)
        }
        scores.setdefault(_factors(part.settings), {}).update(found)
    return pd.DataFrame([_row(factors, by_seed, published) for factors, by_seed in sorted(scores.items())])


def _factors(settings: dict[str, Any]) -> tuple[float, ...]:
    """The heuristics' settings; a file notes those that it was given, the others had their defaults."""
    defaults = EmSettings()
    return tuple(float(settings.get(name, getattr(defaults, name))) for name in FACTORS)


def _row(factors: tuple[float, ...], by_seed: dict[int, float], published: dict[str, list[float]]) -> dict[str, Any]:
    values = np.array([by_seed[seed] for seed in sorted(by_seed)])
    theirs = published.get(", ".join(f"{factor:g}" for factor in factors), [None, None])
    return {
        **{name: f"{factor:g}" for name, factor in zip(FACTORS, factors, strict=True)},
        "seeds": len(values),
        "rand_mean": round(float(values.mean()), 4),
        "rand_std": round(float(values.std()), 4),
        "rand": " ".join(f"{value:.4f}" for value in values),
        "published_mean": theirs[0],
        "published_std": theirs[1],
    }

"""What `stages.diagnose_clusters` found out about a clustering, all seeds together.

Matrices of conflict and of behavioural KL have a row per cluster; confusion and KL a column per true policy.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float
from scipy.optimize import linear_sum_assignment

from stages.errors import UserError

Matrix = Float[np.ndarray, "clusters columns"]


@dataclass(frozen=True)
class Diagnosis:
    """Diagnostics of one clustering of a dataset.

    Attributes:
        method: Method of the clustering.
        score: Name of what it maximises.
        dataset: Facts about the dataset, the same for all its clusterings.
        seeds: Findings about each seed, by rising seed.
        agreement: Mean ARI between the seeds of a block, mean over blocks; None for single seeds.
    """

    method: str
    score: str
    dataset: dict[str, Any]
    seeds: list[dict[str, Any]]
    agreement: float | None

    @classmethod
    def joined(cls, parts: Sequence[Diagnosis]) -> Diagnosis:
        """Blocks of seeds as one."""
        seeds = sorted((seed for part in parts for seed in part.seeds), key=lambda seed: seed["seed"])
        known = [part.agreement for part in parts if part.agreement is not None]
        return cls(parts[0].method, parts[0].score, parts[0].dataset, seeds, float(np.mean(known)) if known else None)

    def over_seeds(self, key: str) -> Float[np.ndarray, "seeds"]:
        """One number of every seed, NaN where it is not known."""
        return np.array([np.nan if seed.get(key) is None else seed[key] for seed in self.seeds], dtype=np.float64)

    def scores(self, name: str) -> Float[np.ndarray, "seeds"]:
        """One score against the true policies of every seed, NaN where they are not known."""
        return np.array([(seed.get("scores") or {}).get(name, np.nan) for seed in self.seeds], dtype=np.float64)


def read_diagnosis(path: Path) -> Diagnosis:
    """One block of seeds.

    Raises:
        UserError: Damaged, or not what the diagnostics stage writes.
    """
    try:
        told = json.loads(path.read_text())
        clustering = told["clustering"]
        return Diagnosis(
            clustering["method"], clustering["score"], told["dataset"], told["seeds"], _float(told["agreement"])
        )
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"no diagnostics of clusters ({error})", place=str(path), remedy="Remove it and run `snakemake`"
        ) from error


def matrix(seed: dict[str, Any], key: str) -> Matrix | None:
    """A matrix of one seed; what is not known in it is NaN."""
    if seed.get(key) is None:
        return None
    return np.array([[np.nan if cell is None else cell for cell in row] for row in seed[key]], dtype=np.float64)


def within_conflict(seed: dict[str, Any]) -> float:
    """Share of the pairs of episodes in one cluster that are in conflict; NaN where it is not known."""
    rates = matrix(seed, "conflict")
    if rates is None:
        return float("nan")
    sizes = np.array(seed["sizes"], dtype=np.float64)
    pairs, own = sizes * (sizes - 1) / 2, np.diagonal(rates)
    known = (pairs > 0) & ~np.isnan(own)
    return float(np.average(own[known], weights=pairs[known])) if known.any() else float("nan")


def matched_divergence(seed: dict[str, Any]) -> float:
    """Mean behavioural KL between clusters and the true policies that most of their episodes pair them with."""
    divergence, confusion = matrix(seed, "behavioural_kl"), matrix(seed, "confusion")
    if divergence is None or confusion is None:
        return float("nan")
    paired = divergence[linear_sum_assignment(confusion, maximize=True)]
    known = paired[np.isfinite(paired)]
    return float(known.mean()) if len(known) else float("nan")


def _float(value: float | int | None) -> float | None:
    return None if value is None else float(value)

"""What `stages.diagnose_clusters` found out about a clustering, all seeds together.

Matrices of conflict and of behavioural KL have a row per cluster; confusion and KL a column per true policy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from jaxtyping import Float
from scipy.optimize import linear_sum_assignment

from stages.made_files import read_object, reading
from stages.reporting.kit.records import parsed

Matrix = Float[np.ndarray, "clusters columns"]
Cells = list[list[float | None]]


@dataclass(frozen=True)
class Scores:
    """Of one seed's clusters against the true policies."""

    rand: float
    ari: float
    nmi: float
    accuracy: float


@dataclass(frozen=True)
class Sureness:
    """How sure one seed's clusters are (`stages.clustering.certainty.verdicts`)."""

    probability: dict[int, float] = field(default_factory=dict)
    drift: float | None = None
    verdicts: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class SeedFindings:
    """About one seed's clusters; what is None is not known. Rates are between 0 and 1, KL in nats per step."""

    seed: int
    sizes: list[int]
    warnings: list[str] = field(default_factory=list)
    scores: Scores | None = None
    confusion: Cells | None = None
    conflict: Cells | None = None
    behavioural_kl: Cells | None = None
    ambiguous: float | None = None
    ambiguity: float | None = None
    certainty: Sureness = field(default_factory=Sureness)

    @property
    def k_probability(self) -> float | None:
        """Probability of as many clusters as were found."""
        return self.certainty.probability.get(sum(size > 0 for size in self.sizes))

    @property
    def drift(self) -> float | None:
        """The p-value of episodes doing the same throughout the recording."""
        return self.certainty.drift

    @property
    def within_conflict(self) -> float:
        """Share of the pairs of episodes in one cluster that are in conflict; NaN where it is not known."""
        rates = matrix(self.conflict)
        if rates is None:
            return float("nan")
        sizes = np.array(self.sizes, dtype=np.float64)
        pairs, within = sizes * (sizes - 1) / 2, np.diagonal(rates)
        counted = (pairs > 0) & ~np.isnan(within)
        return float(np.average(within[counted], weights=pairs[counted])) if counted.any() else float("nan")

    @property
    def matched_divergence(self) -> float:
        """Mean behavioural KL between clusters and the true policies that most of their episodes pair them with."""
        divergence, confusion = matrix(self.behavioural_kl), matrix(self.confusion)
        if divergence is None or confusion is None:
            return float("nan")
        paired = divergence[linear_sum_assignment(confusion, maximize=True)]
        finite = paired[np.isfinite(paired)]
        return float(finite.mean()) if len(finite) else float("nan")


@dataclass(frozen=True)
class Oracle:
    """What the true policies themselves reach."""

    nmi: float | None = None


@dataclass(frozen=True)
class DatasetFacts:
    """About the dataset, the same for all its clusterings: bracket on the number of policies, conflicts, names."""

    k_lower: int | None = None
    k_upper: int | None = None
    oracle: Oracle | None = None
    conflict_kind: str | None = None
    true_conflict: Cells | None = None
    self_conflict: float | None = None
    policy_names: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Diagnosis:
    """Diagnostics of one clustering of a dataset.

    Attributes:
        method: Method of the clustering.
        dataset: Facts about the dataset.
        seeds: Findings about each seed, by rising seed.
        agreement: Mean ARI between the seeds of a block, mean over blocks; None for single seeds.
    """

    method: str
    dataset: DatasetFacts
    seeds: list[SeedFindings]
    agreement: float | None

    @classmethod
    def joined(cls, parts: Sequence[Diagnosis]) -> Diagnosis:
        """Blocks of seeds as one."""
        seeds = sorted((seed for part in parts for seed in part.seeds), key=lambda seed: seed.seed)
        agreements = [part.agreement for part in parts if part.agreement is not None]
        return cls(parts[0].method, parts[0].dataset, seeds, float(np.mean(agreements)) if agreements else None)

    def over_seeds(self, name: str) -> Float[np.ndarray, "seeds"]:
        """One number of every seed, NaN where it is not known."""
        return _numbers(getattr(seed, name) for seed in self.seeds)

    def scores(self, name: str) -> Float[np.ndarray, "seeds"]:
        """One score against the true policies of every seed, NaN where they are not known."""
        return _numbers(None if seed.scores is None else getattr(seed.scores, name) for seed in self.seeds)


def read_diagnosis(path: Path) -> Diagnosis:
    """One block of seeds.

    Raises:
        UserError: Damaged, or not what the diagnostics stage writes.
    """
    values = read_object(path)
    with reading(path, "no diagnostics of clusters"):
        flat = {key: values[key] for key in ("dataset", "seeds", "agreement")}
        flat["method"] = values["clustering"]["method"]
    return parsed(Diagnosis, flat, path, "no diagnostics of clusters")


def matrix(cells: Cells | None) -> Matrix | None:
    """As an array; what is not known in it is NaN."""
    if cells is None:
        return None
    return np.array([[np.nan if cell is None else cell for cell in row] for row in cells], dtype=np.float64)


def _numbers(values) -> Float[np.ndarray, "seeds"]:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)

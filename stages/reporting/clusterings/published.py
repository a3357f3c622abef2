"""What papers print for clusterings of a dataset."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class PublishedScores:
    """Of one method, and what they are; what is None is not printed."""

    what: str = ""
    nmi: float | None = None
    ari: float | None = None
    rand: float | None = None


@dataclass(frozen=True)
class PublishedClusterings:
    """Scores by method; NMI by series at each initial number of clusters `k`; by heuristics, mean and std of Rand."""

    clustering: dict[str, PublishedScores] = field(default_factory=dict)
    k_sensitivity: dict[str, list[float]] = field(default_factory=dict)
    ablation: dict[str, tuple[float, float]] = field(default_factory=dict)

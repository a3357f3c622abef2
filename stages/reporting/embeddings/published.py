"""What papers print of embeddings on the robots' levels."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class PublishedProbes:
    """Printed scores by embedding.

    Attributes:
        level_accuracy: Share of unseen episodes whose level is said right.
    """

    level_accuracy: dict[str, float] = field(default_factory=dict)

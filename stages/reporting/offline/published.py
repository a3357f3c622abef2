"""What CORL and the papers print for algorithms on D4RL's datasets."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class PublishedScores:
    """D4RL scores in percent, by agent.

    Attributes:
        corl: Last checkpoints of CORL, mean and standard deviation over four seeds.
        paper: Table 1 of the IQL paper, which gathers those of the others.
    """

    corl: dict[str, tuple[float, float]] = field(default_factory=dict)
    paper: dict[str, float] = field(default_factory=dict)

"""What papers print for agents on a dataset."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class PublishedReturns:
    """Numbers by agent and how they are meant (`note`), remarks on rollouts, sizes of the runs behind them."""

    source: str = ""
    table: str = ""
    note: str = ""
    agents: dict[str, float] = field(default_factory=dict)
    rollouts: dict[str, str] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)

    def of(self, agent: str) -> str:
        """What is printed of `agent`; empty where nothing is."""
        number = [str(self.agents[agent])] if agent in self.agents else []
        return "; ".join([*number, *([self.rollouts[agent]] if agent in self.rollouts else [])])

"""The table that `snakemake offline_rl` makes of a dataset: a row for each agent and seed."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from jaxtyping import Float

from stages.paths import Place
from stages.reporting.gathering import Source
from stages.reporting.kit.records import read_rows


@dataclass(frozen=True)
class OfflineRow:
    """One agent and seed.

    Attributes:
        agent: The agent.
        trained_on: ``all episodes``, ``each cluster``, ``the best cluster``; ``clusters`` where no algorithm is named.
        reference: The agent that it is compared with: its host, the same algorithm on all episodes, or the first.
        seed: The seed.
        sampled: Whether policies that can sample did so, instead of taking their mean action.
        return_mean: Undiscounted return, mean over the rollouts of the policy after the last step.
        rollouts: D4RL score, else return, of every rollout, separated by blanks.
        d4rl_score: Mean score on D4RL's scale in percent, where its constants are known.
        steps: Gradient steps of the algorithm; None where several stages train.
        widths: Its hidden layers, as text.
        batch_size: Rows of a gradient step.
    """

    agent: str
    trained_on: str
    reference: str
    seed: int
    sampled: bool
    return_mean: float
    rollouts: str
    d4rl_score: float | None = None
    steps: int | None = None
    widths: str | None = None
    batch_size: int | None = None


@dataclass(frozen=True)
class Compared:
    """All seeds of one agent on one dataset."""

    rows: list[OfflineRow]

    @property
    def first(self) -> OfflineRow:
        return self.rows[0]

    @property
    def seeds(self) -> list[int]:
        return [row.seed for row in self.rows]

    @property
    def unit(self) -> str:
        """What `scores` are."""
        return "return" if self.first.d4rl_score is None else "D4RL score"

    @cached_property
    def scores(self) -> Float[np.ndarray, "seeds"]:
        """D4RL scores where its constants are known, else returns."""
        values = [row.return_mean if row.d4rl_score is None else row.d4rl_score for row in self.rows]
        return np.array(values, dtype=np.float64)

    @cached_property
    def rollouts(self) -> Float[np.ndarray, "seeds rollouts"]:
        """Every rollout's, in the unit of `scores`."""
        return np.array([[float(value) for value in row.rollouts.split()] for row in self.rows])


@dataclass(frozen=True)
class Offline:
    """What was compared on a dataset."""

    rows: list[OfflineRow] = field(default_factory=list)

    @cached_property
    def agents(self) -> dict[str, Compared]:
        """The agents in the order of the rows."""
        found: dict[str, list[OfflineRow]] = {}
        for row in self.rows:
            found.setdefault(row.agent, []).append(row)
        return {name: Compared(rows) for name, rows in found.items()}

    def reference(self, agent: str) -> Compared | None:
        """What an agent is compared with, the same seeds of it; None for the first and where it was not run."""
        ours, name = self.agents[agent], self.agents[agent].first.reference
        theirs = self.agents.get(name)
        return None if theirs is None or name == agent or theirs.seeds != ours.seeds else theirs


SOURCES = (
    Source(Offline, "rows", (Place("results/offline_rl/{dataset}.csv"),), lambda path: read_rows(path, OfflineRow)),
)

"""Tables of safe agents in the form of the papers, and of the partitions that they learn from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from stages.environments.dsrl import task_of
from stages.reporting.data.results import Data
from stages.reporting.gathering import DatasetResults
from stages.reporting.kit.captions import caption
from stages.reporting.kit.tables import NOTHING, Table
from stages.reporting.safe.metrics import LimitMetrics, MeanMetrics, SafeAgentMetrics, SafeMetrics
from stages.reporting.safe.published import Published, published_safe
from stages.reporting.safe.results import PartitionFacts

UNSAFE = " ✗"
PUBLISHED = "published, DSRL’s data"


@dataclass(frozen=True)
class Pair:
    """Normalised reward (NaN: not known) and cost, and whether that counts as safe."""

    reward: float
    cost: float
    safe: bool

    @classmethod
    def of(cls, metrics: LimitMetrics) -> Pair:
        """The means of an agent."""
        return cls(metrics.normalised_return.mean, metrics.normalised_cost.mean, metrics.safe)

    @property
    def text(self) -> str:
        """``0.55 / 0.98``, with a mark where it is unsafe."""
        return f"{number(self.reward)} / {number(self.cost)}" + UNSAFE * (not self.safe)


def safe_table(results: DatasetResults, metrics: SafeMetrics) -> Table | None:
    """One row per agent: normalised reward / cost under every limit and over all, beside what papers print.

    Bold is the agent with the highest reward of those that are safe under every limit.
    """
    if not metrics.agents:
        return None
    limits = metrics.limits
    published = {name: _published(results, name) for name in metrics.agents}
    headings = ["agent", *(f"limit {limit:g}" for limit in limits), "mean over limits", "safe limits"]
    headings += [PUBLISHED] * any(published.values())
    body, unsafe = [], set()
    for row, (name, agent) in enumerate(metrics.agents.items()):
        pairs = [Pair.of(agent.limits[limit]) if limit in agent.limits else None for limit in limits]
        theirs = published[name] and Pair(published[name].reward, published[name].cost, published[name].cost <= 1)
        cells = [caption("agents", name), *map(text_of, pairs), _spread(agent)]
        cells += [f"{agent.safe_limits} of {len(agent.limits)}", text_of(theirs)]
        shown = [*pairs, Pair.of(agent.overall), None, theirs]
        unsafe |= {(row, column) for column, pair in enumerate(shown, start=1) if pair is not None and not pair.safe}
        body.append(cells[: len(headings)])
    best = metrics.best
    return Table(headings, body, set() if best is None else {list(metrics.agents).index(best)}, unsafe)


def sources(results: DatasetResults, metrics: SafeMetrics) -> list[str]:
    """Where the published numbers of `safe_table` come from."""
    found = [_published(results, name) for name in metrics.agents]
    return list(dict.fromkeys(published.source for published in found if published is not None))


def text_of(pair: Pair | None) -> str:
    """Its text; a dash where there is none."""
    return NOTHING if pair is None else pair.text


def number(value: float) -> str:
    """Two decimals; a dash where it is not known."""
    return NOTHING if value != value else f"{value:.2f}"


def partition_table(partitions: Mapping[str, PartitionFacts]) -> Table | None:
    """One row per partition and limit: how many segments are what, and how many of them their episode contradicts."""
    if not partitions:
        return None
    rows = [
        {
            "partition": name.replace("_", " "),
            "labels by": facts.labels_by,
            "steps per segment": f"{facts.segment_length:,}",
            "segments": f"{facts.segments:,}",
            "rows covered": f"{facts.covered_rows:.0%}",
            "limit": f"{under.limit:g}",
            "safe episodes": f"{under.safe_episodes:,} of {facts.episodes:,}",
            "desirable": f"{under.desirable:,}",
            "undesirable": f"{under.undesirable:,}",
            "left out": f"{under.left_out:,}",
            "desirable, of episodes over the limit": f"{under.desirable_of_unsafe_episodes:.1%}",
        }
        for name, facts in partitions.items()
        for under in facts.limits
    ]
    return Table.of(rows)


def _published(results: DatasetResults, agent: str) -> Published | None:
    task = task_of(results.of(Data).environment)
    return published_safe(task.name, agent) if task else None


def _spread(agent: SafeAgentMetrics) -> str:
    def text(metrics: MeanMetrics) -> str:
        return f"{number(metrics.mean)} ± {number(metrics.std)}"

    overall = agent.overall
    both = f"{text(overall.normalised_return)} / {text(overall.normalised_cost)}"
    return both + UNSAFE * (not overall.safe)

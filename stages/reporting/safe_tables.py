"""Tables of safe agents in the form of the papers, and of the partitions that they learn from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from stages.environments.dsrl import task_of
from stages.reporting.inputs import DatasetResults
from stages.reporting.names import caption
from stages.reporting.published_safe import published_safe
from stages.reporting.safe_scores import OVERALL
from stages.reporting.safe_words import Metrics, best_safe, limits_of
from stages.reporting.tables import Table

UNSAFE = " ✗"
PUBLISHED = "published, DSRL’s data"


@dataclass(frozen=True)
class Pair:
    """Normalised reward (None: not known) and cost, and whether that counts as safe."""

    reward: float | None
    cost: float
    safe: bool

    @property
    def text(self) -> str:
        """``0.55 / 0.98``, with a mark where it is unsafe."""
        return f"{number(self.reward)} / {number(self.cost)}{self.mark}"

    @property
    def mark(self) -> str:
        return "" if self.safe else UNSAFE


def safe_table(results: DatasetResults, safe: Metrics) -> Table | None:
    """One row per agent: normalised reward / cost under every limit and over all, beside what papers print.

    Bold is the agent with the highest reward of those that are safe under every limit.
    """
    if not safe:
        return None
    limits = limits_of(safe)
    printed = {agent: _printed(results, agent) for agent in safe}
    headings = ["agent", *limits, "mean over limits", "safe limits", *[PUBLISHED] * any(printed.values())]
    body, unsafe = [], set()
    for row, (agent, one) in enumerate(safe.items()):
        pairs = [_pair(one, limit) for limit in limits]
        overall, theirs = one[OVERALL], printed[agent]
        cells = [caption("agents", agent), *map(text_of, pairs), _spread(overall)]
        cells += [f"{overall['safe_limits']} of {overall['limits']}", text_of(theirs)]
        shown = [*pairs, _pair(one, OVERALL), None, theirs]
        unsafe |= {(row, column) for column, two in enumerate(shown, start=1) if two is not None and two.mark}
        body.append(cells[: len(headings)])
    best = best_safe(safe)
    return Table(headings, body, set() if best is None else {list(safe).index(best)}, unsafe)


def sources(results: DatasetResults, safe: Metrics) -> list[str]:
    """Where the published numbers of `safe_table` come from."""
    task = task_of(results.environment)
    found = [published_safe(task.name, agent) for agent in safe] if task else []
    return list(dict.fromkeys(one.source for one in found if one is not None))


def text_of(two: Pair | None) -> str:
    """Its text; a dash where there is none."""
    return "–" if two is None else two.text


def number(value: float | None) -> str:
    """Two decimals; a dash where it is not known."""
    return "–" if value is None or value != value else f"{value:.2f}"


def partition_table(partitions: dict[str, dict[str, Any]]) -> Table | None:
    """One row per partition and limit: how many segments are what, and how many of them their episode contradicts."""
    if not partitions:
        return None
    rows = [
        {
            "partition": name.replace("_", " "),
            "labels by": facts["labels_by"],
            "steps per segment": f"{facts['segment_length']:,}",
            "segments": f"{facts['segments']:,}",
            "rows covered": f"{facts['covered_rows']:.0%}",
            "limit": f"{one['limit']:g}",
            "safe episodes": f"{one['safe_episodes']:,} of {facts['episodes']:,}",
            "desirable": f"{one['desirable']:,}",
            "undesirable": f"{one['undesirable']:,}",
            "left out": f"{one['left_out']:,}",
            "desirable, of episodes over the limit": f"{one['desirable_of_unsafe_episodes']:.1%}",
        }
        for name, facts in partitions.items()
        for one in facts["limits"]
    ]
    used = [heading for heading in rows[0] if any(row[heading] for row in rows)]
    return Table(used, [[row[heading] for heading in used] for row in rows])


def _printed(results: DatasetResults, agent: str) -> Pair | None:
    task = task_of(results.environment)
    theirs = published_safe(task.name, agent) if task else None
    return None if theirs is None else Pair(theirs.reward, theirs.cost, theirs.cost <= 1)


def _pair(one: dict[str, Any], key: str) -> Pair | None:
    if key not in one:
        return None
    reward, cost = (one[key][name]["mean"] for name in ("normalised_return", "normalised_cost"))
    return Pair(reward, cost, one[key]["safe"])


def _spread(overall: dict[str, Any]) -> str:
    parts = [overall[name] for name in ("normalised_return", "normalised_cost")]
    told = " / ".join(f"{number(part['mean'])} ± {number(part['std'])}" for part in parts)
    return told if overall["safe"] else told + UNSAFE

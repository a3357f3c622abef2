"""Which safe agents keep their limits and which of them earns most, from the metrics, and how that is put."""

from __future__ import annotations

from typing import Any

from stages.reporting.names import caption
from stages.reporting.safe_scores import OVERALL

Metrics = dict[str, dict[str, Any]]  # by agent, see `stages.reporting.safe_scores.safe_metrics`


def limits_of(safe: Metrics) -> list[str]:
    """Keys of all limits that any agent was run under, in ascending order."""
    found = {key for one in safe.values() for key in one if key != OVERALL}
    return sorted(found, key=lambda key: float(key.removeprefix("limit ")))


def safe_everywhere(safe: Metrics) -> list[str]:
    """The agents that are safe under every limit that any agent was run under."""
    limits = limits_of(safe)
    return [agent for agent, one in safe.items() if all(one.get(limit, {}).get("safe", False) for limit in limits)]


def best_safe(safe: Metrics) -> str | None:
    """Of the agents that are safe under every limit, the one with the highest mean normalised reward."""
    known = [agent for agent in safe_everywhere(safe) if _reward(safe[agent]) is not None]
    return max(known, key=lambda agent: _reward(safe[agent]) or 0.0) if known else None


def safe_sentence(safe: Metrics) -> str:
    """The outcome in one sentence; empty without safe agents."""
    if not safe:
        return ""
    kept, number = len(safe_everywhere(safe)), len(limits_of(safe))
    limits = "the cost limit" if number == 1 else f"all {number} cost limits"
    told = f"{kept or 'None'} of {len(safe)} safe methods {'keeps' if kept <= 1 else 'keep'} {limits} on average"
    best = best_safe(safe)
    if best is None:
        return f"{told}."
    one = safe[best][OVERALL]
    reward, cost = one["normalised_return"]["mean"], one["normalised_cost"]["mean"]
    which = ": " if kept == 1 else "; best of them "
    return f"{told}{which}{caption('agents', best)}, with normalised reward {reward:.2f} and cost {cost:.2f}."


def _reward(one: dict[str, Any]) -> float | None:
    value = one[OVERALL]["normalised_return"]["mean"]
    return None if value is None or value != value else float(value)

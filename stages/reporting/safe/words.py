"""What came out about safe agents, in sentences."""

from __future__ import annotations

from collections.abc import Iterator

from stages.reporting.data.results import Data
from stages.reporting.kit.captions import caption
from stages.reporting.safe.metrics import SafeMetrics
from stages.reporting.safe.tables import Pair

SIMPLE, ELABORATE = (
    "bc_frontier",
    "trac",
)  # cloning of the best affordable episodes, and what has to be better than that
CLOSE = 0.01  # normalised reward


def sentences(data: Data, metrics: SafeMetrics) -> Iterator[str]:
    """The outcome, whether simple cloning would have done, and whether the limits test anything."""
    if metrics.agents:
        yield outcome(metrics)
        if simple_does(metrics):
            yield _simple(metrics)
        if (cost := best_cost(data)) is not None and cost < metrics.limits[0]:
            yield (
                f"The episode with the best return costs {cost:,.1f}, less than every limit: whoever imitates the best "
                "keeps them all, so that these limits hardly test safety."
            )


def outcome(metrics: SafeMetrics) -> str:
    """Which agents keep their limits, and which of them earns most."""
    kept, number, best = len(metrics.safe_everywhere), len(metrics.limits), metrics.best
    limits = "the cost limit" if number == 1 else f"all {number} cost limits"
    text = (
        f"{kept or 'None'} of {len(metrics.agents)} safe methods {'keeps' if kept <= 1 else 'keep'} {limits} on average"
    )
    if best is None:
        return f"{text}."
    overall = metrics.agents[best].overall
    reward, cost = overall.normalised_return.mean, overall.normalised_cost.mean
    which = ": " if kept == 1 else "; best of them "
    return f"{text}{which}{caption('agents', best)}, with normalised reward {reward:.2f} and cost {cost:.2f}."


def simple_does(metrics: SafeMetrics) -> bool:
    """Whether cloning the best affordable episodes keeps as many limits as TraC and, if no more, earns as much."""
    if not {SIMPLE, ELABORATE} <= set(metrics.agents):
        return False
    simple, elaborate = metrics.agents[SIMPLE], metrics.agents[ELABORATE]
    if simple.safe_limits != elaborate.safe_limits:
        return simple.safe_limits > elaborate.safe_limits
    return simple.overall.normalised_return.mean > elaborate.overall.normalised_return.mean - CLOSE


def _simple(metrics: SafeMetrics) -> str:
    def result(name: str) -> str:
        agent = metrics.agents[name]
        return f"{Pair.of(agent.overall).text} and {agent.safe_limits} of {len(agent.limits)} limits kept"

    return (
        f"{caption('agents', SIMPLE)}, which clones the episodes near the best return for their cost, does at least as "
        f"well as {caption('agents', ELABORATE)}: normalised reward / cost {result(SIMPLE)}, "
        f"against {result(ELABORATE)}."
    )


def best_cost(data: Data) -> float | None:
    """Cost of the episode with the best return, the cheapest of several; None without costs."""
    if data.dataset is None or data.dataset.episode_costs is None:
        return None
    returns = data.dataset.episode_returns
    return float(data.dataset.episode_costs[returns == returns.max()].min())

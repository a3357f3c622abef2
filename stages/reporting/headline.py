"""The results in one table for the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from stages.reporting.clusterings.metrics import ClusteringMetrics
from stages.reporting.data.metrics import DataMetrics
from stages.reporting.gathering import Collection, DatasetResults
from stages.reporting.kit.captions import caption
from stages.reporting.kit.words import of_seeds
from stages.reporting.returns.metrics import ReturnMetrics
from stages.reporting.returns.published import published_returns
from stages.reporting.safe.section import outcome

MOST_BEHAVIOURS = 12  # more are left to the report
MOST_CLUSTERINGS = 3  # best first


def headline(collection: Collection, metrics: Mapping[str, Sequence[Any]]) -> Group:
    """One table per dataset, with the papers' numbers where there are any; lines on safe agents, clusters and bound."""
    parts: list[Table | Text] = []
    for name, results in collection.items():
        data, returns, safe, clusterings, _ = metrics[name]
        if returns.agents:
            parts.append(_agents(results, returns))
        parts += [Text(f"{name}: {outcome(safe)}")] if safe.agents else []
        parts += [Text(f"  {line}") for line in _remarks(data, returns, clusterings)]
        parts.append(Text())
    return Group(*parts)


def _agents(results: DatasetResults, metrics: ReturnMetrics) -> Table:
    theirs = published_returns(results)
    scored = any(one.d4rl_score is not None for one in metrics.agents.values())
    routed = any(one.worse_route is not None for one in metrics.agents.values())
    table = Table(title=f"{results.name}: returns", title_justify="left", title_style="bold", box=None, padding=(0, 1))
    table.add_column("agent", no_wrap=True)
    for heading in ["IQM [95 % interval]", *["D4RL score"] * scored, *["worse route"] * routed, "paper"]:
        table.add_column(heading, justify="right", no_wrap=True)
    for agent, one in metrics.agents.items():
        cells = [one.returns.text]
        cells += [f"{one.d4rl_score.mean:.1f}"] if scored else []
        cells += [f"{one.worse_route:.1%}"] if routed else []
        elsewhere = "-" if theirs.agents else theirs.note or "-"
        table.add_row(caption("agents", agent), *cells, str(theirs.agents.get(agent, elsewhere)))
    return table


def _remarks(data: DataMetrics, returns: ReturnMetrics, clusterings: ClusteringMetrics) -> list[str]:
    lines = []
    if len(data.named) <= MOST_BEHAVIOURS:
        lines += [f"{name} in the data: {one.return_mean:.1f}" for name, one in data.named.items()]
    bound = returns.bound
    if bound is not None and bound.applies:
        lines.append(f"best stitching of the behaviours: {bound.value:.1f} ± {bound.standard_error:.1f}")
    clusters = sorted(clusterings.clusters.items(), key=lambda item: -(item[1].nmi or 0.0))
    for name, one in clusters[:MOST_CLUSTERINGS]:
        if one.rand is not None:
            mean = f"{one.rand:.3f} in the mean, 1.0 on {of_seeds(one.perfect, one.seeds)}"
            lines.append(
                f"clusters {name}: Rand "
                + (f"{one.rand:.3f} on {of_seeds(1.0, one.seeds)}" if one.rand == one.rand_min else mean)
            )
        elif one.agreement_between_seeds == one.agreement_between_seeds:
            lines.append(f"clusters {name}: seeds agree with ARI {one.agreement_between_seeds:.3f}")
    if len(clusters) > MOST_CLUSTERINGS:
        lines.append(f"and {len(clusters) - MOST_CLUSTERINGS} more clusterings in the report")
    return lines

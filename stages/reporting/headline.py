"""The results in one table for the terminal."""

from __future__ import annotations

from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from stages.reporting.inputs import DatasetResults
from stages.reporting.names import caption
from stages.reporting.published import published
from stages.reporting.safe_words import safe_sentence
from stages.reporting.words import of_seeds

MOST_BEHAVIOURS = 12  # more are left to the report
MOST_CLUSTERINGS = 3  # best first


def headline(collection: dict[str, DatasetResults], metrics: dict[str, Any]) -> Group:
    """One table per dataset, with the papers' numbers where there are any; lines on safe agents, clusters and bound."""
    parts: list[Table | Text] = []
    for name, results in collection.items():
        if results.evaluations:
            parts.append(_agents(results, metrics[name]))
        safe = safe_sentence(metrics[name].get("safe", {}))
        parts += [Text(f"{name}: {safe}")] if safe else []
        parts += [Text(f"  {line}") for line in _remarks(metrics[name])]
        parts.append(Text())
    return Group(*parts)


def _agents(results: DatasetResults, metrics: dict[str, Any]) -> Table:
    theirs = published(results)
    scored = any("d4rl_score" in one for one in metrics["agents"].values())
    routed = any("worse_route" in one for one in metrics["agents"].values())
    table = Table(title=f"{results.name}: returns", title_justify="left", title_style="bold", box=None, padding=(0, 1))
    table.add_column("agent", no_wrap=True)
    for heading in ["IQM [95 % interval]", *["D4RL score"] * scored, *["worse route"] * routed, "paper"]:
        table.add_column(heading, justify="right", no_wrap=True)
    for agent, one in metrics["agents"].items():
        cells = [interval(one["return"])]
        cells += [f"{one['d4rl_score']['mean']:.1f}"] if scored else []
        cells += [f"{one['worse_route']:.1%}"] if routed else []
        elsewhere = "-" if theirs["agents"] else theirs["note"] or "-"
        table.add_row(caption("agents", agent), *cells, str(theirs["agents"].get(agent, elsewhere)))
    return table


def interval(aggregate: dict[str, float]) -> str:
    """``-365.1 [-367.0, -363.2]``."""
    return f"{aggregate['iqm']:.1f} [{aggregate['low']:.1f}, {aggregate['high']:.1f}]"


def _remarks(metrics: dict[str, Any]) -> list[str]:
    behaviours = {name: one for name, one in metrics["behaviours"].items() if name != "all"}
    lines = []
    if len(behaviours) <= MOST_BEHAVIOURS:
        lines += [f"{name} in the data: {one['return_mean']:.1f}" for name, one in behaviours.items()]
    bound = metrics["bound"]
    if bound.get("value") is not None:
        lines.append(f"best stitching of the behaviours: {bound['value']:.1f} ± {bound['standard_error']:.1f}")
    clusters = sorted(metrics["clusters"].items(), key=lambda item: -item[1].get("nmi", 0.0))
    for name, one in clusters[:MOST_CLUSTERINGS]:
        if "rand" in one:
            lines.append(f"clusters {name}: Rand {_agreement(one)}")
        elif one["agreement_between_seeds"] is not None:
            lines.append(f"clusters {name}: seeds agree with ARI {one['agreement_between_seeds']:.3f}")
    if len(clusters) > MOST_CLUSTERINGS:
        lines.append(f"and {len(clusters) - MOST_CLUSTERINGS} more clusterings in the report")
    return lines


def _agreement(one: dict[str, Any]) -> str:
    """Rand index of one clustering: the number, and whether seeds differ."""
    if one["rand"] == one["rand_min"]:
        return f"{one['rand']:.3f} on {of_seeds(1.0, one['seeds'])}"
    return f"{one['rand']:.3f} in the mean, 1.0 on {of_seeds(one['perfect'], one['seeds'])}"

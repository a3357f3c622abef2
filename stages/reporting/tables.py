"""The tables of the report that are a paper's: agents (EMPO, Table 1), the ablation of EM (Tables 3 and 5)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from stages.reporting.headline import interval
from stages.reporting.inputs import DatasetResults
from stages.reporting.names import caption
from stages.reporting.published import published
from stages.reporting.words import chance_to_beat


@dataclass(frozen=True)
class Table:
    """Headings and rows of text; `emphasised` are the rows to print bold, `unsafe` the (row, column) to mark so."""

    headings: list[str]
    rows: list[list[str]]
    emphasised: set[int] = field(default_factory=set)
    unsafe: set[tuple[int, int]] = field(default_factory=set)


def agents_table(results: DatasetResults, metrics: dict[str, Any]) -> Table | None:
    """Every agent with its interval, beside the paper's number; columns that no agent has are left out."""
    agents = metrics["agents"]
    if not agents:
        return None
    theirs = published(results)
    baseline = next(iter(agents))
    rows = []
    for agent, one in agents.items():
        better = chance_to_beat(results, agent, baseline)
        row = {
            "agent": caption("agents", agent),
            "return: IQM [95 %]": interval(one["return"]),
            "mean ± std over seeds": f"{one['return']['mean']:,.1f} ± {one['return']['std']:,.1f}",
            "D4RL score: IQM [95 %]": interval(one["d4rl_score"]) if "d4rl_score" in one else "",
            "worse route": f"{one['worse_route']:.1%}" if "worse_route" in one else "",
            f"P(better than {caption('agents', baseline)})": "" if better is None else f"{better:.0%}",
            "paper": _paper(theirs, agent),
        }
        rows.append(row)
    used = [heading for heading in rows[0] if any(row[heading] for row in rows)]
    best = max(range(len(rows)), key=lambda index: list(agents.values())[index]["return"]["iqm"])
    return Table(used, [[row[heading] or "–" for heading in used] for row in rows], {best})


def _paper(theirs: dict[str, Any], agent: str) -> str:
    printed = [str(theirs["agents"][agent])] if agent in theirs["agents"] else []
    printed += [theirs["rollouts"][agent]] if agent in theirs["rollouts"] else []
    return "; ".join(printed)


def ablation_table(rows: list[dict[str, str]]) -> Table | None:
    """Rand index of each combination of heuristics, beside the paper's."""
    if not rows:
        return None
    headings = ["momentum μ (I)", "pretraining N_p (II)", "bias N_b (III)", "seeds", "Rand index, %", "paper, %"]
    body = [
        [
            row["momentum"],
            row["pretrain_epochs"],
            row["bias_epochs"],
            row["seeds"],
            f"{float(row['rand_mean']):.2f} ± {float(row['rand_std']):.2f}",
            f"{float(row['published_mean']):.2f} ± {float(row['published_std']):.2f}" if row["published_mean"] else "–",
        ]
        for row in rows
    ]
    return Table(headings, body)

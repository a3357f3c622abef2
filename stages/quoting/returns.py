"""Returns of a dataset's agents, of its behaviours and of the best stitching of these."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stages.made_files import read_object, read_table, reading
from stages.quoting.markdown import grid
from stages.quoting.published import printed

NAMES = {
    "bc": "BC",
    "td3_bc": "TD3+BC",
    "empo_single": "EMPO with one cluster (PPO)",
    "empo_unimproved": "EMPO before improvement",
    "empo": "EMPO",
    "empo_refreshed": "EMPO, reference refreshed every epoch",
    "steady_bc": "BC for small data",
    "empo_steady_unimproved": "EMPO for small data before improvement",
    "empo_steady": "EMPO for small data",
    "bound": "best stitching of the behaviours as they are",
}
MAIN = "empo"  # in bold
PRINTED_AS = {"hopper": "hopper-medium-expert"}  # what papers call a dataset of ours
NARROW = 10.0  # an interval below it is worth a decimal


@dataclass(frozen=True)
class Row:
    """Attributes:
    dataset: Name in params.
    kind: ``behaviour``, ``agent`` or ``bound``.
    name: Of the behaviour or agent.
    value: Mean return of a behaviour's episodes; interquartile mean over an agent's seeds; the bound.
    low, high: 95 % interval of an agent; the bound's standard error around it.
    d4rl_score: On D4RL's scale in percent, the mean over episodes or seeds.
    worse_route: Rollouts that took a worse route than the best stitching.
    rollouts: Of all seeds.
    """

    dataset: str
    kind: str
    name: str
    value: float
    low: float | None = None
    high: float | None = None
    d4rl_score: float | None = None
    worse_route: int | None = None
    rollouts: int | None = None


def take(results: Path, subjects: Sequence[str]) -> list[Row]:
    """Rows of the datasets `subjects` from a finished run's metrics and summary."""
    metrics, summary = read_object(results / "metrics.json"), read_table(results / "summary.csv", ["dataset"])
    rollouts: Counter[tuple[str, str]] = Counter()
    with reading(results / "summary.csv"):
        for row in summary:
            rollouts[row["dataset"], row["agent"]] += int(float(row["episodes"]))
    with reading(results / "metrics.json"):
        return [row for dataset in subjects if dataset in metrics for row in _rows(dataset, metrics[dataset], rollouts)]


def table(rows: Sequence[Row], subject: str) -> str:
    """One line per behaviour, agent and bound of the dataset `subject`, beside what the paper prints."""
    rows = [row for row in rows if row.dataset == subject]
    scored = any(row.d4rl_score is not None for row in rows)
    routed = any(row.worse_route is not None for row in rows)
    headings = ["", "return", *["D4RL score"] * scored, *["worse route"] * routed, "in the paper"]
    lines = []
    for row in rows:
        cells = [NAMES.get(row.name, f"{row.name}, data"), _value(row)]
        cells += ["" if row.d4rl_score is None else f"{row.d4rl_score:.1f}"] * scored
        cells += ["" if row.worse_route is None else f"{row.worse_route} of {row.rollouts}"] * routed
        cells += [_theirs(subject, row.name)]
        lines.append([f"**{cell}**" if cell else "" for cell in cells] if row.name == MAIN else cells)
    return grid(headings, lines)


def _rows(dataset: str, metrics: dict[str, Any], rollouts: Counter[tuple[str, str]]) -> Iterator[Row]:
    for name, behaviour in metrics["behaviours"].items():
        if name != "all":
            yield Row(dataset, "behaviour", name, float(behaviour["return_mean"]))
    for name, agent in metrics["agents"].items():
        number = rollouts[dataset, name]
        score, worse = agent.get("d4rl_score", {}).get("mean"), agent.get("worse_route")
        value, *ends = (agent["return"][key] for key in ("iqm", "low", "high"))
        low, high = (None if end is None else float(end) for end in ends)  # few seeds have no interval
        routes = None if worse is None else round(worse * number)
        yield Row(dataset, "agent", name, float(value), low, high, score, routes, number)
    bound = metrics["bound"]
    if bound.get("value") is not None:
        value, error = float(bound["value"]), float(bound["standard_error"])
        yield Row(dataset, "bound", "bound", value, value - error, value + error)


def _value(row: Row) -> str:
    """``-351.5 [-352.6, -350.1]``, as exact as the interval is narrow."""
    if row.low is None or row.high is None:
        return f"{row.value:.1f}"
    if row.kind == "bound":
        return f"{row.value:.1f} ± {(row.high - row.low) / 2:.1f}"
    places = 1 if row.high - row.low < NARROW else 0
    return f"{row.value:.{places}f} [{row.low:.{places}f}, {row.high:.{places}f}]"


def _theirs(dataset: str, name: str) -> str:
    entry = printed().get(PRINTED_AS.get(dataset, dataset), {})
    return str(entry.get("agents", {}).get(name) or entry.get("rollouts", {}).get(name) or "")

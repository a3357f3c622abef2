"""Growth of cost: kept as JSON, drawn as curves, and told in tables of this folder's README."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.ticker import NullFormatter

from benchmarks.processes import Cost
from benchmarks.speed_tables import FOLDER
from stages.plotting.style import colour, panels, styled

NUMBERS, CURVES, README = FOLDER / "results/growth.csv", FOLDER / "results/growth.svg", FOLDER / "README.md"
BEGIN, END = "<!-- growth begin -->", "<!-- growth end -->"
TITLES = {
    "evidence": "evidence clustering",
    "em": "EM, one epoch",
    "sarsa": "SARSA Q 500 steps, V one epoch",
    "high_level": "high level, 500 steps",
    "td3_bc": "TD3+BC, 500 steps",
}
VARIED = {"steps": "steps of data", "clusters": "clusters", "seeds": "seeds"}
ASYMPTOTIC = 100_000  # steps of data from which slopes are fitted
FLAT = 0.5  # CPU seconds; what grows by less over all sizes has no slope to speak of


class Point(NamedTuple):
    """What was measured: a stage or algorithm, which number was varied, and how large each was."""

    name: str
    varied: str
    steps: int
    clusters: int
    seeds: int


Found = dict[Point, Cost]


def load(path: Path = NUMBERS) -> Found:
    """What was measured before; nothing where there is no file."""
    if not path.exists():
        return {}
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    return {
        Point(row["name"], row["varied"], int(row["steps"]), int(row["clusters"]), int(row["seeds"])): Cost(
            1e6 * float(row["megabytes"]), float(row["cpu_seconds"])
        )
        for row in rows
    }


def keep(found: Found, path: Path = NUMBERS) -> None:
    """Write the numbers."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*Point._fields, "cpu_seconds", "megabytes"])
        writer.writerows([*point, f"{cost.seconds:.2f}", f"{cost.memory / 1e6:.1f}"] for point, cost in found.items())


def show(found: Found) -> list[Path]:
    """Draw the curves and write the README's section; the files written."""
    draw(found, CURVES)
    before, rest = README.read_text().split(BEGIN, 1)
    README.write_text(f"{before}{BEGIN}\n\n{tables(found)}\n{END}{rest.split(END, 1)[1]}")
    return [CURVES, README]


def curve(found: Found, name: str, varied: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The varied number, CPU seconds and megabytes, both beyond what the stage takes with next to no data."""
    start = next((cost for point, cost in found.items() if (point.name, point.varied) == (name, "start")), Cost(0, 0))
    rows = [
        (getattr(point, varied), cost.seconds - start.seconds, (cost.memory - start.memory) / 1e6)
        for point, cost in found.items()
        if (point.name, point.varied) == (name, varied)
    ]
    sizes, seconds, megabytes = np.array(sorted(rows), dtype=float).reshape(-1, 3).T
    return sizes, seconds, megabytes


def slope(sizes: np.ndarray, costs: np.ndarray, flat: float) -> str:
    """Exponent of the power law through the costs by least squares of logarithms; ``flat`` where they hardly grow."""
    if len(sizes) < 2 or costs[-1] - costs[0] < flat:
        return "flat" if len(sizes) else ""
    used = costs > 0
    return f"{np.polyfit(np.log(sizes[used]), np.log(costs[used]), 1)[0]:.2f}"


def tables(found: Found) -> str:
    """Slopes of each stage that was measured, then memory with a million steps."""
    headings = (
        "stage", "CPU s at 100,000 steps", "at 2 million", "slope in steps", "in clusters", "in seeds",
        "MB at a million steps",
    )  # fmt: skip
    lines = [f"| {' | '.join(headings)} |", "| --- | ---: | ---: | ---: | ---: | ---: | ---: |"]
    for name, title in TITLES.items():
        sizes, seconds, _ = curve(found, name, "steps")
        late = sizes >= ASYMPTOTIC
        if not late.any():
            continue
        slopes = [slope(sizes[late], seconds[late], FLAT)]
        slopes += [slope(*curve(found, name, varied)[:2], FLAT) for varied in ("clusters", "seeds")]
        ends = [f"{value:.1f}" for value in seconds[late][[0, -1]]]
        lines.append(f"| {' | '.join([title, *ends, *slopes, _megabytes(found, name)])} |")
    others = {point.name: _megabytes(found, point.name) for point in found if point.varied == "memory"}
    lines += ["", "| other learners | MB at a million steps |", "| --- | ---: |"]
    return "\n".join([*lines, *(f"| {name} | {size} |" for name, size in others.items()), ""])


def draw(found: Found, path: Path) -> None:
    """CPU time against each number, and memory against steps of data, on logarithmic axes."""
    wanted = [*((varied, 1, "CPU s") for varied in VARIED), ("steps", 2, "MB")]
    with styled():
        figure, all_axes = panels(len(wanted), 2, 3.6, 2.6)
        for axes, (varied, column, unit) in zip(all_axes, wanted, strict=True):
            for position, (name, title) in enumerate(TITLES.items()):
                values = curve(found, name, varied)
                if (shown := values[column] > 0).any():
                    axes.plot(values[0][shown], values[column][shown], "o-", ms=3, color=colour(position), label=title)
            if axes.lines:
                axes.set(xscale="log", yscale="log")
            if axes.lines and varied != "steps":
                numbers = sorted({getattr(point, varied) for point in found if point.varied == varied})
                axes.set_xticks(numbers, [str(number) for number in numbers])
                axes.xaxis.set_minor_formatter(NullFormatter())
            axes.set(xlabel=VARIED[varied], ylabel=f"{unit} beyond start-up")
        lines = all_axes[0].get_legend_handles_labels()
        figure.legend(*lines, fontsize=7, ncols=3, loc="outside upper left")  # outside: curves fill the axes
        figure.savefig(path, metadata={"Date": None}, facecolor="white")


def _megabytes(found: Found, name: str) -> str:
    of_million = [cost.memory for point, cost in found.items() if point.name == name and point.steps == 1_000_000]
    return f"{max(of_million) / 1e6:,.0f}" if of_million else ""

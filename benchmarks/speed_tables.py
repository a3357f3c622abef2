"""What a measurement found: as a table on the terminal, as JSON, and as a section of this folder's README."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

FOLDER = Path(__file__).parent


def show(found: dict[str, Any]) -> None:
    """Print both tables."""
    console = Console()
    for title, header, rows in tables(found):
        table = Table(title=title, title_justify="left", box=SIMPLE, padding=(0, 1, 0, 0))
        for position, column in enumerate(header):
            table.add_column(column, justify="left" if position == 0 else "right")
        for row in rows:
            table.add_row(*row)
        console.print(table)


def save(found: dict[str, Any], folder: Path = FOLDER) -> list[Path]:
    """Write `results/step_speed-<device>.json` and the README's section of the device; the files written."""
    device = found["device"]
    numbers, readme = folder / "results" / f"step_speed-{device}.json", folder / "README.md"
    numbers.parent.mkdir(exist_ok=True)
    numbers.write_text(json.dumps(found, indent=2) + "\n")
    begin, end = f"<!-- step_speed {device} begin -->", f"<!-- step_speed {device} end -->"
    text = readme.read_text()
    before, rest = text.split(begin, 1)
    readme.write_text(f"{before}{begin}\n{markdown(found)}{end}{rest.split(end, 1)[1]}")
    return [numbers, readme]


def markdown(found: dict[str, Any]) -> str:
    """Both tables in Markdown."""
    parts = []
    for title, header, rows in tables(found):
        marks = ["---", *["---:"] * (len(header) - 1)]
        lines = ["| " + " | ".join(row) + " |" for row in (header, marks, *rows)]
        parts.append(f"{title}\n\n" + "\n".join(lines) + "\n\n")
    return "\n" + "".join(parts)


def tables(found: dict[str, Any]) -> list[tuple[str, list[str], list[list[str]]]]:
    """Title, header and rows of the table of steps and the table of matrix products."""
    limit = found["limit_gflops"]
    title = f"Training steps on {found['processor']}: seed-steps per {found['per']}, {found['rounds']} rounds"
    header = ["step", "variant", "rate [min..max]", "of limit", "ratio", "at most", "target"]
    product_title = f"Products (networks x rows x inner x outer) in GFLOP/s; the limit is {limit:,.0f}"
    precisions = list(next(iter(found["products"].values())))
    products = [
        [shape, *(f"{speeds[precision]:,.0f}" for precision in precisions)]
        for shape, speeds in found["products"].items()
    ]
    rows = [_row(step, limit) for step in found["steps"]]
    return [(title, header, rows), (product_title, ["product", *precisions], products)]


def _row(step: dict[str, Any], limit: float) -> list[str]:
    rates = step["rates"]
    ratio, target = step["ratio"], step["target"]
    return [
        step["step"],
        f"{step['variant']} x{step['seeds']}",
        f"{step['rate']:.0f} [{min(rates):.0f}..{max(rates):.0f}]",
        f"{step['gflops'] / limit:.0%}",
        "" if ratio is None else f"{ratio:.2f}",
        "" if ratio is None else f"{limit / step['baseline_gflops']:.2f}",
        "" if target is None else f"{target:.0%}",
    ]

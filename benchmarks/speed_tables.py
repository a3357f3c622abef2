"""What a measurement found: as a table on the terminal, as JSON, and as a section of this folder's README."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import median
from typing import Any

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table as TerminalTable

FOLDER = Path(__file__).parent
Table = tuple[str, list[str], list[list[str]]]  # title, header, rows


def show(found: dict[str, Any]) -> None:
    """Print all tables."""
    console = Console()
    for title, header, rows in tables(found):
        table = TerminalTable(title=title, title_justify="left", box=SIMPLE, padding=(0, 1, 0, 0))
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
    """All tables in Markdown."""
    parts = []
    for title, header, rows in tables(found):
        marks = ["---", *["---:"] * (len(header) - 1)]
        lines = ["| " + " | ".join(row) + " |" for row in (header, marks, *rows)]
        parts.append(f"{title}\n\n" + "\n".join(lines) + "\n\n")
    return "\n" + "".join(parts)


def tables(found: dict[str, Any]) -> list[Table]:
    """The table of steps and the table of matrix products."""
    limit = found["limit_gflops"]
    title = f"Training steps on {found['processor']}: seed-steps per {found['per']}, {found['rounds']} rounds"
    first, second = found["steps"][0]["rates"]
    columns = ["rate [min..max]", "of limit", f"{second} [min..max]", "of limit", f"{first} / {second}", "/ plain loop"]
    header = ["step", "seeds", *columns, "/ JAX"]
    product_title = f"Products (networks x rows x inner x outer) in GFLOP/s; the limit is {limit:,.0f}"
    kinds = list(next(iter(found["products"].values())))
    products = [[shape, *(f"{speeds[kind]:,.0f}" for kind in kinds)] for shape, speeds in found["products"].items()]
    scans = [[step["step"], count, spread(rates), share(rates, step["shares_of"] / limit)]
             for step in _once(found["steps"]) for count, rates in step["jax"]["rates"].items()]  # fmt: skip
    shown = [(title, header, [_row(step, limit) for step in found["steps"]])]
    if scans:
        shown.append(("The scans in JAX", ["step", "seeds", "rate [min..max]", "of limit"], scans))
    return [*shown, (product_title, ["product", *kinds], products)]


def spread(rates: list[float]) -> str:
    """Median and range."""
    digits = 0 if median(rates) >= 20 else 1
    return f"{median(rates):,.{digits}f} [{min(rates):,.{digits}f}..{max(rates):,.{digits}f}]"


def share(rates: list[float], of_limit: float) -> str:
    """The median rate's share of the limit, at which a rate of 1 has the share `of_limit`."""
    return f"{median(rates) * of_limit:.0%}"


def _once(steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One of the rows of each step that was compared with JAX."""
    return list({step["step"]: step for step in steps if step["jax"]}.values())


def _row(step: dict[str, Any], limit: float) -> list[str]:
    of_limit = step["shares_of"] / limit
    (_, ours), (_, others) = step["rates"].items()
    plain, jax, target = step["plain"], step["jax"], step["target"]
    return [
        step["step"],
        str(step["seeds"]),
        spread(ours),
        share(ours, of_limit) + (f" ({target:.0%})" if target else ""),
        spread(others),
        share(others, of_limit),
        f"{step['ratio']:.2f}",
        f"{plain['ratio']:.2f}" if plain else "",
        f"{jax['ratio']:.2f}" + (f" ({jax['target']:g})" if jax["target"] else "") if jax else "",
    ]

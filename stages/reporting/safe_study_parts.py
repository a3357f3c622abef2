"""The studies of safe agents as they stand in the report: a table and a picture each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from stages.plotting.safe_study import Scored, safe_study
from stages.reporting.inputs import DatasetResults
from stages.reporting.names import caption
from stages.reporting.pictures import Picture, picture
from stages.reporting.safe_tables import Pair, text_of
from stages.reporting.tables import Table

Rows = list[dict[str, str]]
ByPlace = dict[tuple[str, float], dict[str, str]]  # by variant and limit


@dataclass(frozen=True)
class Study:
    """One study of the report."""

    title: str
    table: Table
    picture: Picture


def studies(results: DatasetResults) -> list[Study]:
    """All studies of a dataset, in the order of their rows."""
    found: dict[str, Rows] = {}
    for row in results.safe_studies:
        found.setdefault(row["study"], []).append(row)
    return [_study(results.name, name, rows) for name, rows in found.items()]


def _study(dataset: str, name: str, rows: Rows) -> Study:
    variants = list(dict.fromkeys(row["variant"] for row in rows))
    setting, values = _common(variants)
    numbers = _numbers(values)
    if numbers is not None:
        order = np.argsort(numbers, kind="stable")
        variants, values, numbers = [variants[i] for i in order], [values[i] for i in order], numbers[order]
    limits = sorted({float(row["limit"]) for row in rows})
    by_place = {(row["variant"], float(row["limit"])): row for row in rows}
    scored = [_scored(limit, variants, by_place) for limit in limits]
    title, spoken = caption("studies", name), setting.replace("_", " ")
    figure = safe_study(values, scored, numbers, spoken)
    alt = f"Normalised reward and cost of {', '.join(variants)} under the limits {', '.join(f'{x:g}' for x in limits)}"
    table = _table(spoken, variants, values, limits, by_place)
    return Study(title, table, picture(figure, f"{dataset}-study-{name}", alt))


def _table(setting: str, variants: list[str], values: list[str], limits: list[float], by_place: ByPlace) -> Table:
    headings = [setting or "variant", *(f"limit {limit:g}" for limit in limits), "seeds"]
    body, unsafe = [], set()
    for index, (variant, value) in enumerate(zip(variants, values, strict=True)):
        cells = [value]
        for column, limit in enumerate(limits, start=1):
            row = by_place.get((variant, limit))
            scored = row and Pair(_number(row["reward_mean"]), _number(row["cost_mean"]), row["safe"] == "1")
            cells.append(text_of(scored or None))
            unsafe |= {(index, column)} if scored and not scored.safe else set()
        seeds = next(row["seeds"] for (own, _), row in by_place.items() if own == variant)
        body.append([*cells, seeds])
    return Table(headings, body, unsafe=unsafe)


def _scored(limit: float, variants: list[str], by_place: ByPlace) -> Scored:
    columns = ("reward_mean", "reward_std", "cost_mean", "cost_std")
    rows = [by_place.get((variant, limit), {}) for variant in variants]
    return Scored(limit, *(np.array([_number(row.get(column, "")) for row in rows]) for column in columns))


def _common(variants: list[str]) -> tuple[str, list[str]]:
    """What all variants set, and to what: ``("sides", ["both", "desirable"])``; else nothing and the variants as text.

    With several settings, their names and the values are in the same order: ``("x, y", ["0.5, 0.5", "0.5, 0"])``.
    """
    pairs = [[part.split("=", 1) for part in variant.split(", ")] for variant in variants]
    names = {tuple(part[0] for part in own) for own in pairs}
    if len(names) > 1 or any(len(part) < 2 for own in pairs for part in own):
        return "", [variant.replace("_", " ") for variant in variants]
    return ", ".join(*names), [", ".join(part[1] for part in own).replace("_", " ") for own in pairs]


def _numbers(values: list[str]) -> Float[np.ndarray, "variants"] | None:
    """The values as numbers, where all of at least three are."""
    try:
        return np.array([float(value) for value in values]) if len(values) > 2 else None
    except ValueError:
        return None


def _number(text: str) -> float:
    return float(text) if text else float("nan")

"""The studies of safe agents as they stand in the report: a table and a picture each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from stages.plotting.safe_study import Scored, safe_study
from stages.reporting.kit.captions import caption
from stages.reporting.kit.pictures import Picture, picture
from stages.reporting.kit.tables import Table
from stages.reporting.safe.results import StudyRow
from stages.reporting.safe.tables import Pair, text_of

ByPlace = Mapping[tuple[str, float], StudyRow]  # by variant and limit


@dataclass(frozen=True)
class Study:
    """One study of the report."""

    title: str
    table: Table
    picture: Picture


def studies(dataset: str, rows: Sequence[StudyRow]) -> list[Study]:
    """All studies of a dataset, in the order of their rows."""
    found: dict[str, list[StudyRow]] = {}
    for row in rows:
        found.setdefault(row.study, []).append(row)
    return [_study(dataset, name, of_study) for name, of_study in found.items()]


def _study(dataset: str, name: str, rows: Sequence[StudyRow]) -> Study:
    variants = list(dict.fromkeys(row.variant for row in rows))
    setting, values = _common(variants)
    numbers = _numbers(values)
    if numbers is not None:
        order = np.argsort(numbers, kind="stable")
        variants, values, numbers = [variants[i] for i in order], [values[i] for i in order], numbers[order]
    limits = sorted({row.limit for row in rows})
    by_place = {(row.variant, row.limit): row for row in rows}
    scored = [_scored(limit, variants, by_place) for limit in limits]
    title, spoken = caption("studies", name), setting.replace("_", " ")
    figure = safe_study(values, scored, numbers, spoken)
    alt = f"Normalised reward and cost of {', '.join(variants)} under the limits {', '.join(f'{x:g}' for x in limits)}"
    table = _table(spoken, dict(zip(variants, values, strict=True)), limits, by_place)
    return Study(title, table, picture(figure, f"{dataset}-study-{name}", alt))


def _table(setting: str, variants: Mapping[str, str], limits: Sequence[float], by_place: ByPlace) -> Table:
    headings = [setting or "variant", *(f"limit {limit:g}" for limit in limits), "seeds"]
    body, unsafe = [], set()
    for index, (variant, value) in enumerate(variants.items()):
        rows = [by_place.get((variant, limit)) for limit in limits]
        pairs = [row and Pair(row.reward_mean, row.cost_mean, row.safe == 1) for row in rows]
        unsafe |= {(index, column) for column, pair in enumerate(pairs, start=1) if pair and not pair.safe}
        seeds = next(row.seeds for row in rows if row)
        body.append([value, *map(text_of, pairs), str(seeds)])
    return Table(headings, body, unsafe=unsafe)


def _scored(limit: float, variants: Sequence[str], by_place: ByPlace) -> Scored:
    rows = [by_place.get((variant, limit)) for variant in variants]
    columns = ("reward_mean", "reward_std", "cost_mean", "cost_std")
    return Scored(limit, *(np.array([getattr(row, column) if row else np.nan for row in rows]) for column in columns))


def _common(variants: Sequence[str]) -> tuple[str, list[str]]:
    """What all variants set, and to what: ``("sides", ["both", "desirable"])``; else nothing and the variants as text.

    With several settings, their names and the values are in the same order: ``("x, y", ["0.5, 0.5", "0.5, 0"])``.
    """
    settings = [[part.split("=", 1) for part in variant.split(", ")] for variant in variants]
    names = {tuple(part[0] for part in parts) for parts in settings}
    if len(names) > 1 or any(len(part) < 2 for parts in settings for part in parts):
        return "", [variant.replace("_", " ") for variant in variants]
    return ", ".join(*names), [", ".join(part[1] for part in parts).replace("_", " ") for parts in settings]


def _numbers(values: Sequence[str]) -> Float[np.ndarray, "variants"] | None:
    """The values as numbers, where all of at least three are."""
    try:
        return np.array([float(value) for value in values]) if len(values) > 2 else None
    except ValueError:
        return None

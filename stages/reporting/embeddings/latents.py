"""What imitators do between and beside the embeddings of levels: returns along lines, and with each dimension moved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from scipy.stats import spearmanr

from stages.datasets.episodes import EpisodeDataset
from stages.evaluation.latent_rows import LatentRow
from stages.evaluation.statistics import mean
from stages.plotting import style
from stages.plotting.heat_maps import HeatMap, heat_maps
from stages.plotting.latent_lines import LatentLine, latent_lines
from stages.reporting.embeddings.imitations import level_returns
from stages.reporting.kit.captions import caption
from stages.reporting.kit.metrics import seeds_interval, text_of
from stages.reporting.kit.pictures import Picture, picture
from stages.reporting.kit.tables import Table

Latents = Mapping[str, Sequence[LatentRow]]


def by_seed(rows: Sequence[LatentRow], value: str) -> np.ndarray:
    """A field of the rows as ``[seeds, points]``, both in the order of the rows."""
    seeds = list(dict.fromkeys(row.seed for row in rows))
    return np.array([[getattr(row, value) for row in rows if row.seed == seed] for seed in seeds])


def legs_of(rows: Sequence[LatentRow]) -> dict[tuple[str, str], list[LatentRow]]:
    """The rows of each line by the levels at its ends."""
    legs: dict[tuple[str, str], list[LatentRow]] = {}
    for row in rows:
        if row.other:
            legs.setdefault((row.level, row.other), []).append(row)
    return legs


def order_of(legs: Mapping[tuple[str, str], Sequence[LatentRow]]) -> list[str]:
    """The levels that lines lead over, in their order; see `on_lines` for which lines there are."""
    order: list[str] = []
    for start, end in legs:
        order += [start, end] if not order else [end] if start == order[-1] else []
    return order


def lines_picture(name: str, latents: Latents, dataset: EpisodeDataset | None) -> Picture | None:
    """Returns along the lines of each imitator; None without any.

    Args:
        name: Of the dataset.
        latents: Rows by imitator.
        dataset: The episodes, for the returns of the levels.
    """
    panels = {caption("imitators", imitator): list(_lines(legs_of(rows))) for imitator, rows in latents.items()}
    panels = {title: lines for title, lines in panels.items() if lines}
    if not panels or dataset is None:
        return None
    order = order_of(legs_of(next(rows for rows in latents.values() if legs_of(rows))))
    earned = dict(zip(_names(dataset), level_returns(dataset).tolist(), strict=True))
    alt = "Mean returns between levels’ embeddings: " + "; ".join(
        f"{title}, {line.title}: {', '.join(style.number(value) for value in line.returns.mean(axis=0))}"
        for title, lines in panels.items()
        for line in lines
    )
    return picture(latent_lines(panels, {level: earned[level] for level in order}), f"{name}-latent-lines", alt)


def _lines(legs: Mapping[tuple[str, str], Sequence[LatentRow]]) -> Iterator[LatentLine]:
    """The way over all levels, then those that leave some out."""
    order = order_of(legs)
    ways: dict[str, list[LatentRow]] = {}
    for (start, end), rows in legs.items():
        direct = order.index(end) > order.index(start) + 1
        ways.setdefault(" – ".join([start, end] if direct else order), []).extend(rows)
    for title, rows in ways.items():
        seed = rows[0].seed
        starts = [(order.index(row.level), order.index(row.other), row.at) for row in rows if row.seed == seed]
        places = np.array([start + at * (end - start) for start, end, at in starts])
        yield LatentLine(title, places, by_seed(rows, "mean_return"))


def lines_table(latents: Latents, resamples: int) -> Table | None:
    """A row for each line of each imitator: the mean return at each share of the way, and how far it rises."""
    rows = []
    for imitator, found in latents.items():
        for (start, end), leg in legs_of(found).items():
            returns, seed = by_seed(leg, "mean_return"), leg[0].seed
            shares = [row.at for row in leg if row.seed == seed]
            ranks = np.array([spearmanr(shares, earned).statistic if np.ptp(earned) else 0.0 for earned in returns])
            rows.append(
                {"imitator": caption("imitators", imitator), "line": f"{start} – {end}"}
                | {f"{share:.0%}": f"{value:,.0f}" for share, value in zip(shares, returns.mean(axis=0), strict=True)}
                | {"rank correlation": text_of(seeds_interval(ranks, resamples, mean), 2)}
            )
    return Table.of(rows) if rows else None


def moved_picture(name: str, latents: Latents) -> Picture | None:
    """How return and actions change with each dimension of each imitator's embedding; None without any."""
    maps = [shown for imitator, rows in latents.items() for shown in _moved(caption("imitators", imitator), rows)]
    if not maps:
        return None
    alt = "With each dimension moved: " + ", ".join(shown.title.replace("\n", " ") for shown in maps)
    return picture(heat_maps(maps), f"{name}-latent-dimensions", alt)


def _moved(title: str, rows: Sequence[LatentRow]) -> Iterator[HeatMap]:
    beside = [row for row in rows if not row.other]
    moved = [row for row in beside if row.dimension is not None]
    if not moved:
        return
    offsets = list(dict.fromkeys(row.at for row in moved))
    dimensions = list(dict.fromkeys(row.dimension for row in moved))
    level = by_seed([row for row in beside if row.dimension is None], "mean_return").mean()
    shape = len(dimensions), len(offsets)
    names = [f"e{dimension}" for dimension in dimensions], [f"{offset:+g}".replace("-", "−") for offset in offsets]
    returns = by_seed(moved, "mean_return").mean(axis=0).reshape(shape) - level
    actions = by_seed(moved, "action_change").mean(axis=0).reshape(shape)
    yield HeatMap(f"{title}:\nreturn, {moved[0].level} {style.number(level)}", returns, *names, digits=0)
    yield HeatMap(f"{title}:\nactions, {moved[0].level}", actions, *names)


def _names(dataset: EpisodeDataset) -> list[str]:
    return list(dataset.behaviour_policy_names) or [str(level) for level in range(len(level_returns(dataset)))]

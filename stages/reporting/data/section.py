"""The part of the report that is about the data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from stages.environments.normalised_score import normalised_score
from stages.reporting import SECTIONS
from stages.reporting.data.contents import behaviours_picture, contents_picture, contents_table
from stages.reporting.data.metrics import DataMetrics, data_metrics
from stages.reporting.data.place import map_of
from stages.reporting.data.published import PublishedData, from_papers
from stages.reporting.data.results import SOURCES, Ceiling, Data
from stages.reporting.gathering import DatasetResults
from stages.reporting.kit.captions import caption
from stages.reporting.kit.pictures import Picture
from stages.reporting.kit.tables import Table
from stages.reporting.section import Outcome, Section, View
from stages.reporting.settings import ReportSettings
from stages.settings import Settings

MOST_BEHAVIOURS = 6  # in a sentence; more are left to the table
SMALL = 10.0  # returns below this are told with digits


@dataclass(frozen=True)
class Contents(View):
    """What the page says about the data; what is None or empty is left out."""

    template: ClassVar[str] = "data/contents.html.jinja"

    table: Table
    picture: Picture
    behaviours: Picture | None
    source: str  # of published sizes


@SECTIONS.register("data", Settings)
class DataSection(Section[DataMetrics]):
    """Sizes and returns of the behaviours in a dataset."""

    sources = SOURCES

    def metrics(self, results: DatasetResults, resamples: int) -> DataMetrics:
        return data_metrics(results.of(Data))

    def sentences(self, results: DatasetResults, metrics: DataMetrics) -> Iterable[str]:
        data = results.of(Data)
        if data.dataset is not None:
            yield _sizes(metrics, data.dataset.num_steps)
        if data.ceiling is not None:
            yield ceiling_sentence(data.ceiling)

    def outcomes(self, results: DatasetResults, metrics: DataMetrics) -> Iterable[Outcome]:
        few = 0 < len(metrics.named) <= MOST_BEHAVIOURS
        for name, behaviour in metrics.behaviours.items():
            if few == (name in metrics.named):
                called = caption("behaviours", name) if few else "all episodes"
                score = normalised_score(np.array(behaviour.return_mean), results.of(Data).environment)
                value, unit = (behaviour.return_mean, "return") if score is None else (float(score), "D4RL score")
                yield Outcome(f"{called} in the data", f"{value:.{1 + (abs(value) < SMALL)}f}", unit, given=True)

    def views(self, results: DatasetResults, metrics: DataMetrics, settings: ReportSettings) -> Iterable[Contents]:
        table, picture, place = contents_table(results), contents_picture(results), map_of(results.of(Data))
        if table is not None and picture is not None:
            published = from_papers(results, PublishedData)
            behaviours = None if place is None else behaviours_picture(results, place)
            yield Contents(table, picture, behaviours, published.source if published.behaviours else "")


def ceiling_sentence(ceiling: Ceiling) -> str:
    """How well even the true policies tell the episodes apart."""
    return (
        f"Knowing the true policies, episodes can be told apart with NMI {ceiling.nmi:.3f} and ARI "
        f"{ceiling.ari:.3f}; {ceiling.ambiguous:.1%} of them fit several policies equally well."
    )


def _sizes(metrics: DataMetrics, num_steps: int) -> str:
    everything = metrics.behaviours["all"]
    named = [f"{name} returns {_rounded(behaviour.return_mean)}" for name, behaviour in metrics.named.items()]
    end = f" ({', '.join(named)})." if 0 < len(named) <= MOST_BEHAVIOURS else "."
    mean = f"mean return {_rounded(everything.return_mean)}{end}"
    return f"{everything.episodes:,} episodes with {num_steps:,} steps, {mean}"


def _rounded(value: float) -> str:
    return f"{value:,.2f}" if abs(value) < SMALL else f"{value:,.0f}"

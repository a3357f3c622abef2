"""The part of the report that is about returns."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from stages.reporting import SECTIONS
from stages.reporting.data.place import map_of
from stages.reporting.data.published import from_papers
from stages.reporting.data.results import Data
from stages.reporting.gathering import DatasetResults
from stages.reporting.kit.captions import caption
from stages.reporting.kit.pictures import Picture
from stages.reporting.kit.tables import Table
from stages.reporting.returns.figure4 import figure4_picture
from stages.reporting.returns.metrics import ReturnMetrics, ReturnRow, return_metrics, return_rows
from stages.reporting.returns.pictures import returns_picture, trajectories_picture
from stages.reporting.returns.published import PublishedReturns
from stages.reporting.returns.results import SOURCES, Returns
from stages.reporting.returns.table import agents_table, differences
from stages.reporting.section import Outcome, Section, View
from stages.reporting.settings import ReportSettings
from stages.settings import Settings


@dataclass(frozen=True)
class ReturnsView(View):
    """What the page says about agents; what is None is left out."""

    template: ClassVar[str] = "returns/returns.html.jinja"

    agents: Table | None
    paper: PublishedReturns
    differences: Table | None
    returns: Picture | None
    bounded: bool
    trajectories: Picture | None
    figure4: Picture | None


@SECTIONS.register("returns", Settings)
class ReturnsSection(Section[ReturnMetrics]):
    """Returns of the agents that are not held to any cost limit, beside behaviours and the best stitching."""

    sources = SOURCES

    def metrics(self, results: DatasetResults, resamples: int) -> ReturnMetrics:
        return return_metrics(results, resamples)

    def rows(self, results: DatasetResults) -> list[ReturnRow]:
        return return_rows(results)

    def seeds(self, results: DatasetResults) -> set[int]:
        return {int(seed) for evaluation in results.of(Returns).evaluations.values() for seed in evaluation.seeds}

    def sentences(self, results: DatasetResults, metrics: ReturnMetrics) -> Iterable[str]:
        if not metrics.agents:
            return
        unit, aggregates = metrics.compared
        best = max(aggregates, key=lambda name: aggregates[name].iqm)
        agent, aggregate = metrics.agents[best], aggregates[best]
        few = math.isnan(aggregate.low)
        interval = "" if few else f", 95 % interval {aggregate.low:,.1f} to {aggregate.high:,.1f}"
        yield (
            f"{caption('agents', best)} does best: {unit} {aggregate.iqm:,.1f}, "
            f"interquartile mean over {agent.seeds} seed{'s' * (agent.seeds > 1)}{interval}."
        )
        if agent.worse_route is not None:
            rollouts = results.of(Returns).evaluations[best].returns.size
            worse = round(agent.worse_route * rollouts)
            yield f"{worse or 'None'} of its {rollouts} rollouts took a worse route than the best stitching."
        if metrics.bound is not None and metrics.bound.applies:
            ends = metrics.bound.ends()
            between = ", depending on the size of the cells" if len(ends) > 1 else ""
            yield (
                f"The best that stitching the behaviours as they are can reach is estimated at {' to '.join(ends)}"
                f"{between}; what lies above {ends[-1]} is owed to improving them."
            )

    def outcomes(self, results: DatasetResults, metrics: ReturnMetrics) -> Iterable[Outcome]:
        (unit, aggregates), published = metrics.compared, from_papers(results, PublishedReturns)
        for name, aggregate in sorted(aggregates.items(), key=lambda item: -item[1].iqm):
            worse = metrics.agents[name].worse_route
            remarks = [] if worse is None else [f"worse route {worse:.1%}"]
            remarks += [f"paper: {published.agents[name]}"] if name in published.agents else []
            yield Outcome(caption("agents", name), aggregate.text, unit, ", ".join(remarks))
        if metrics.bound is not None and metrics.bound.applies:
            span = " to ".join(metrics.bound.ends(digits=1))
            yield Outcome("best stitching of the behaviours", span, "return", "estimate by size of cells", given=True)

    def views(self, results: DatasetResults, metrics: ReturnMetrics, settings: ReportSettings) -> Iterable[ReturnsView]:
        place = map_of(results.of(Data))
        view = ReturnsView(
            agents=agents_table(results, metrics),
            paper=from_papers(results, PublishedReturns),
            differences=differences(results),
            returns=returns_picture(results, metrics, settings.resamples),
            bounded=metrics.bound is not None and metrics.bound.applies,
            trajectories=None if place is None else trajectories_picture(results, place, settings.followed),
            figure4=figure4_picture(results.name, results.of(Returns).figure4, settings.resamples),
        )
        if view.agents or view.figure4:
            yield view

"""The part of the report that is about estimates: of agents that could not be rolled out, or beside their rollouts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from stages.plotting.estimates_against_returns import estimates_against_returns
from stages.reporting import SECTIONS
from stages.reporting.estimates.metrics import (
    AgentEstimate,
    EstimateMetrics,
    EstimateRow,
    RankCorrelation,
    estimate_metrics,
    estimate_rows,
    pairs,
)
from stages.reporting.estimates.results import SOURCES, Estimates
from stages.reporting.gathering import DatasetResults
from stages.reporting.kit.captions import caption
from stages.reporting.kit.pictures import Picture, picture
from stages.reporting.kit.tables import Table
from stages.reporting.kit.words import listed
from stages.reporting.returns.results import Returns
from stages.reporting.section import Outcome, Section, View
from stages.reporting.settings import ReportSettings
from stages.settings import Settings

FEWEST_EPISODES = 10  # effectively, for a corrected estimate to be shown as one


@dataclass(frozen=True)
class EstimatesView(View):
    """What the page says about estimates; what is None or empty is left out."""

    template: ClassVar[str] = "estimates/estimates.html.jinja"

    table: Table
    actions: str
    rolled_out: bool
    picture: Picture | None
    ranks: str
    not_estimated: str


@SECTIONS.register("estimates", Settings)
class EstimatesSection(Section[EstimateMetrics]):
    """Estimates, which are never mixed with returns of rollouts."""

    sources = SOURCES

    def metrics(self, results: DatasetResults, resamples: int) -> EstimateMetrics:
        return estimate_metrics(results, resamples)

    def rows(self, results: DatasetResults) -> list[EstimateRow]:
        return estimate_rows(results)

    def seeds(self, results: DatasetResults) -> set[int]:
        return {int(seed) for estimate in results.of(Estimates).agents.values() for seed in estimate.seeds}

    def sentences(self, results: DatasetResults, metrics: EstimateMetrics) -> Iterable[str]:
        if not metrics.agents:
            return
        if results.of(Returns).evaluations:
            if metrics.rank_correlation is not None:
                yield f"Fitted Q evaluation and rollouts have {ranks(metrics.rank_correlation)}."
            return
        best = max(metrics.agents, key=lambda name: metrics.agents[name].value.iqm)
        yield (
            f"The params name no environment, so nothing was rolled out. By fitted Q evaluation, which is an estimate, "
            f"{caption('agents', best)} has the highest discounted value: {metrics.agents[best].value.text}."
        )

    def outcomes(self, results: DatasetResults, metrics: EstimateMetrics) -> Iterable[Outcome]:
        if results.of(Returns).evaluations:
            return
        for name, agent in sorted(metrics.agents.items(), key=lambda item: -item[1].value.iqm):
            yield Outcome(caption("agents", name), agent.value.text, "discounted value", "estimate, not rolled out")

    def views(
        self, results: DatasetResults, metrics: EstimateMetrics, settings: ReportSettings
    ) -> Iterable[EstimatesView]:
        if not metrics.agents:
            return
        estimates, evaluations = results.of(Estimates).agents, results.of(Returns).evaluations
        rest = [caption("agents", name) for name in evaluations if name not in estimates]
        correlation = metrics.rank_correlation
        sampled = {estimate.sampled for estimate in estimates.values()}
        yield EstimatesView(
            table=Table.of([_row(name, agent, estimates[name].horizon) for name, agent in metrics.agents.items()]),
            actions="sampled actions" if sampled == {True} else "mean actions",
            rolled_out=bool(evaluations),
            picture=None if correlation is None else _picture(results, ranks(correlation)),
            ranks="" if correlation is None else ranks(correlation),
            not_estimated=listed(rest) if rest else "",
        )


def ranks(correlation: RankCorrelation) -> str:
    """The correlation with its interval, in words."""
    ends = "" if correlation.low != correlation.low else f" [{correlation.low:.2f}, {correlation.high:.2f}]"
    return (
        f"a rank correlation (Spearman) of {correlation.value:.2f}{ends} "
        f"over {correlation.points} seeds of {correlation.agents} agents"
    )


def _row(name: str, agent: AgentEstimate, horizon: int) -> dict[str, str]:
    return {
        "agent": caption("agents", name),
        "discounted value: IQM [95 %]": agent.value.text,
        "as a return of even rewards": ""
        if agent.per_episode is None
        else f"{agent.per_episode.iqm:,.1f} in {horizon}",
        "± of starts": "" if agent.start_error is None else f"{agent.start_error:.1f}",
        "± of networks": "" if agent.network_spread is None else f"{agent.network_spread:.1f}",
        "doubly robust": _corrected(agent),
    }


def _corrected(agent: AgentEstimate) -> str:
    """The corrected value, unless hardly any episode is behind it."""
    if agent.doubly_robust is None or agent.effective_episodes is None:
        return ""
    count = f"{agent.effective_episodes:.1f} episodes"
    return f"none: {count}" if agent.effective_episodes < FEWEST_EPISODES else f"{agent.doubly_robust.text}, {count}"


def _picture(results: DatasetResults, said: str) -> Picture:
    points = {caption("agents", agent): both for agent, both in pairs(results).items()}
    return picture(
        estimates_against_returns(points, "estimated discounted value"),
        f"{results.name}-estimates",
        f"Estimates against returns: {said}",
    )

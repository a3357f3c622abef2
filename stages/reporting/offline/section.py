"""The part of the report that compares offline algorithms."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from stages.reporting import SECTIONS
from stages.reporting.data.published import from_papers
from stages.reporting.data.results import Data
from stages.reporting.gathering import Collection, DatasetResults
from stages.reporting.kit.tables import Table
from stages.reporting.offline.across import across_table
from stages.reporting.offline.published import PublishedScores
from stages.reporting.offline.results import SOURCES, Offline
from stages.reporting.offline.tables import found_table, scores_table
from stages.reporting.section import Section, View
from stages.reporting.settings import ReportSettings
from stages.settings import Settings


@dataclass(frozen=True)
class OfflineView(View):
    """The comparison on one dataset."""

    template: ClassVar[str] = "offline/offline.html.jinja"

    scores: Table
    found: Table
    sampled: bool
    equal: bool
    """Whether all algorithms had the same steps, widths and batches."""
    printed: bool
    """Whether there are printed numbers beside ours."""
    transitions: int | None


@dataclass(frozen=True)
class AcrossView(View):
    """The comparison over several datasets."""

    template: ClassVar[str] = "offline/across.html.jinja"
    anchor: ClassVar[str] = "offline-rl"
    title: ClassVar[str] = "Offline RL over datasets"

    agents: Table


@SECTIONS.register("offline", Settings)
class OfflineSection(Section[None]):
    """What `snakemake offline_rl` compared."""

    sources = SOURCES

    def seeds(self, results: DatasetResults) -> set[int]:
        return {row.seed for row in results.of(Offline).rows}

    def views(self, results: DatasetResults, metrics: None, settings: ReportSettings) -> Iterable[OfflineView]:
        offline = results.of(Offline)
        if not offline.rows:
            return
        published, dataset = from_papers(results, PublishedScores), results.of(Data).dataset
        budgets = {(row.steps, row.widths, row.batch_size) for row in offline.rows if row.steps is not None}
        yield OfflineView(
            scores=scores_table(offline, published, settings.resamples),
            found=found_table(offline.agents),
            sampled=offline.rows[0].sampled,
            equal=len(budgets) == 1,
            printed=bool(published.corl),
            transitions=None if dataset is None else dataset.num_steps,
        )

    def before(self, collection: Collection) -> Iterable[AcrossView]:
        agents = across_table(collection)
        if agents is not None:
            yield AcrossView(agents)

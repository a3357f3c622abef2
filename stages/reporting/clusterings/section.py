"""The part of the report that is about clusterings."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from stages.reporting import SECTIONS
from stages.reporting.clusterings import ablation, k_sensitivity
from stages.reporting.clusterings.cards import Card, cards
from stages.reporting.clusterings.comparison import findings_table, rows_of, scores_table
from stages.reporting.clusterings.costs import costs_picture
from stages.reporting.clusterings.metrics import ClusteringMetrics, ClusterMetrics, clustering_metrics
from stages.reporting.clusterings.num_clusters import criterion_picture, num_clusters_table
from stages.reporting.clusterings.progress import progress_pictures
from stages.reporting.clusterings.remarks import matrices, remarks, sureness
from stages.reporting.clusterings.results import SOURCES, Clusterings, Clusters
from stages.reporting.gathering import Collection, DatasetResults
from stages.reporting.kit.captions import caption
from stages.reporting.kit.pictures import Picture
from stages.reporting.kit.tables import Table
from stages.reporting.kit.words import listed, of_seeds
from stages.reporting.returns.results import Returns
from stages.reporting.section import Outcome, Section, View
from stages.reporting.settings import ReportSettings
from stages.settings import Settings

MOST_CLUSTERINGS = 3  # that have a sentence each, or a line of the headline
CLOSE = 0.005  # NMI


@dataclass(frozen=True)
class ClusteringsView(View):
    """What the page says about clusterings; what is None or empty is left out."""

    template: ClassVar[str] = "clusterings/clusterings.html.jinja"

    scores: Table | None
    findings: Table | None
    remarks: list[str]
    matrices: tuple[str, int, Picture] | None
    progress: list[tuple[str, Picture]]
    criterion: Picture | None
    k_picture: Picture | None
    k_table: Table | None
    ablation: Table | None
    ablation_picture: Picture | None


@dataclass(frozen=True)
class CardsView(View):
    """The clusters of one seed of one clustering."""

    template: ClassVar[str] = "clusterings/cards.html.jinja"

    name: str
    seed: int
    sureness: list[str]
    cards: list[Card]


@dataclass(frozen=True)
class NumberView(View):
    """How many behaviours datasets hold."""

    template: ClassVar[str] = "clusterings/number.html.jinja"
    anchor: ClassVar[str] = "number"
    title: ClassVar[str] = "How many behaviours?"

    table: Table


@dataclass(frozen=True)
class CostsView(View):
    """Time and memory of clustering."""

    template: ClassVar[str] = "clusterings/costs.html.jinja"

    picture: Picture


@SECTIONS.register("clusterings", Settings)
class ClusteringsSection(Section[ClusteringMetrics]):
    """Who did what: clusterings against the true behaviours and each other."""

    sources = SOURCES

    def metrics(self, results: DatasetResults, resamples: int) -> ClusteringMetrics:
        return clustering_metrics(results)

    def seeds(self, results: DatasetResults) -> set[int]:
        return {int(seed) for clusters in results.of(Clusterings).clusterings.values() for seed in clusters.seeds}

    def sentences(self, results: DatasetResults, metrics: ClusteringMetrics) -> Iterable[str]:
        if len(metrics.clusters) > MOST_CLUSTERINGS:
            return _best(metrics.clusters)
        return filter(None, (_sentence(name, clusters) for name, clusters in metrics.clusters.items()))

    def outcomes(self, results: DatasetResults, metrics: ClusteringMetrics) -> Iterable[Outcome]:
        best = sorted(metrics.clusters.items(), key=lambda item: -(item[1].nmi or 0.0))[:MOST_CLUSTERINGS]
        for name, clusters in best:
            called = f"clusters by {caption('clusterings', name)}"
            if clusters.rand is not None and clusters.perfect is not None:
                perfect = f"perfect on {of_seeds(clusters.perfect, clusters.seeds)}"
                yield Outcome(called, f"{clusters.rand:.3f}", "Rand index", perfect)
            elif not math.isnan(clusters.agreement_between_seeds):
                yield Outcome(called, f"{clusters.agreement_between_seeds:.3f}", "ARI between seeds")

    def views(self, results: DatasetResults, metrics: ClusteringMetrics, settings: ReportSettings) -> Iterable[View]:
        rows, found = rows_of(results, metrics), results.of(Clusterings)
        shown = _in_use(results, settings.followed)
        diagnosed = next((name for name in [*shown, *found.diagnoses] if name in found.diagnoses), "")
        drawn = matrices(results.name, diagnosed, found.diagnoses.get(diagnosed))
        yield ClusteringsView(
            scores=scores_table(results, rows),
            findings=findings_table(rows),
            remarks=remarks(found.diagnoses),
            matrices=drawn and (caption("clusterings", diagnosed), found.diagnoses[diagnosed].seeds[0].seed, drawn),
            progress=[(caption("clusterings", name), picture) for name, picture in progress_pictures(results)],
            criterion=criterion_picture(results),
            k_picture=k_sensitivity.k_picture(results),
            k_table=k_sensitivity.k_table(results),
            ablation=ablation.shown_table(found.ablation),
            ablation_picture=ablation.ablation_picture(results.name, found.ablation),
        )
        if shown:
            name, clusters = next(iter(shown.items()))
            made = cards(results, name, clusters, settings.followed)
            sure = sureness(found.diagnoses.get(name))
            yield CardsView(caption("clusterings", name), int(clusters.seeds[0]), sure, made)

    def before(self, collection: Collection) -> Iterable[NumberView]:
        table = num_clusters_table(collection)
        if table is not None:
            yield NumberView(table)

    def after(self, collection: Collection, settings: ReportSettings) -> Iterable[CostsView]:
        picture = costs_picture(collection.shared.of(Clusterings).costs)
        if picture is not None:
            yield CostsView(picture)


def _in_use(results: DatasetResults, followed: Mapping[str, str | None]) -> dict[str, Clusters]:
    """Clusterings into more than one cluster, those that agents act by first."""
    used = [followed.get(agent) for agent in results.of(Returns).evaluations]
    return dict(sorted(results.of(Clusterings).several.items(), key=lambda item: item[0] not in used))


def _sentence(name: str, clusters: ClusterMetrics) -> str:
    called = f"“{caption('clusterings', name)}”"
    if clusters.rand is None or clusters.perfect is None:
        if math.isnan(clusters.agreement_between_seeds):
            return ""
        return f"Seeds of clustering {called} agree with ARI {clusters.agreement_between_seeds:.3f}."
    if clusters.rand_min == clusters.rand:
        return f"Clustering {called} has Rand index {clusters.rand:.3f} on {of_seeds(1.0, clusters.seeds)}."
    return (
        f"Clustering {called} is perfect on {of_seeds(clusters.perfect, clusters.seeds)} "
        f"(mean Rand index {clusters.rand:.3f}, lowest {clusters.rand_min:.3f})."
    )


def _best(clusters: Mapping[str, ClusterMetrics]) -> list[str]:
    """The methods that come closest to the true behaviours; without those, nothing that a table does not say better."""
    scores = {name: found.nmi for name, found in clusters.items() if found.nmi is not None}
    if not scores:
        return []
    best = max(scores.values())
    names = [f"“{caption('clusterings', name)}”" for name, nmi in scores.items() if nmi > best - CLOSE]
    verb = "comes" if len(names) == 1 else "come"
    closest = f"{listed(names)} {verb} closest to the true behaviours"
    return [f"Of {len(scores)} clusterings, {closest}: NMI {best:.3f} in the mean."]

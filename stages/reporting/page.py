"""The report: one HTML page that needs nothing but itself."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
from pydantic import Field

from stages.evaluation.statistics import Interval
from stages.plotting.ablation import Variant, ablation
from stages.plotting.improvement_epochs import improvement_epochs
from stages.plotting.navigation_map import NavigationMap
from stages.reporting import facts, pictures, summary, tables, words
from stages.reporting.cards import Card, cards
from stages.reporting.clusterings import findings_table, rows_of, scores_table
from stages.reporting.contents import contents_picture, contents_table, oracle_sentence
from stages.reporting.costs import costs_picture
from stages.reporting.diagnostics import matrices, remarks
from stages.reporting.inputs import Clusters, Collection, DatasetResults
from stages.reporting.k_sensitivity import k_picture, k_table
from stages.reporting.names import caption
from stages.reporting.num_clusters import criterion_picture, num_clusters_table
from stages.reporting.pictures import Picture, picture
from stages.reporting.place import map_of
from stages.reporting.published import published
from stages.reporting.safe_section import SafeSection, safe_section
from stages.reporting.tables import Table
from stages.settings import Settings


class ReportSettings(Settings):
    """What the report says besides the results."""

    title: str = Field("Unmix", description="heading of the page")
    params: dict[str, Any] = Field(
        {}, description="the params of the run: printed, and read for what agents are made of"
    )
    resamples: int = Field(10_000, ge=100, description="bootstrap samples of each interval")


@dataclass(frozen=True)
class Clusterings:
    """What the page says about the clusterings of one dataset; what is None or empty is left out."""

    scores: Table | None
    findings: Table | None
    remarks: list[str]
    matrices: tuple[str, int, Picture] | None
    progress: list[tuple[str, Picture]]
    criterion: Picture | None
    k_picture: Picture | None
    k_table: Table | None
    cards: tuple[str, int, list[Card]] | None


@dataclass(frozen=True)
class Section:
    """One dataset's part of the page; what is None or empty is left out."""

    name: str
    sentences: list[str]
    contents: Table | None
    contents_picture: Picture | None
    agents: Table | None
    paper: dict[str, Any]
    differences: list[tuple[str, str, str]]
    returns: Picture | None
    behaviours: Picture | None
    trajectories: Picture | None
    clusters: Clusterings
    safe: SafeSection | None = None
    ablation: Table | None = None
    ablation_picture: Picture | None = None
    figure4: Picture | None = None
    losses: Picture | None = None


def build(collection: Collection, settings: ReportSettings) -> str:
    """The page as text; equal inputs give equal text."""
    aggregates = summary.metrics(collection, settings.resamples)
    agents = settings.params.get("agents", {})
    sections = [_section(results, aggregates[name], agents, settings.resamples) for name, results in collection.items()]
    loader = jinja2.FileSystemLoader(Path(__file__).parent)
    environment = jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"clock": _clock, "minus": _minus}
    return environment.get_template("page.html.jinja").render(
        title=settings.title,
        sections=sections,
        any_safe=any(section.safe for section in sections),
        num_clusters=num_clusters_table(collection),
        costs=costs_picture(collection),
        run_times=facts.run_times(collection),
        versions=facts.versions(),
        seeds=facts.seeds(collection),
        params=facts.flattened(settings.params),
    )


def _section(results: DatasetResults, metrics: dict[str, Any], agents: dict[str, Any], resamples: int) -> Section:
    place = map_of(results)
    return Section(
        name=results.name,
        sentences=[*words.sentences(results, metrics), *filter(None, [oracle_sentence(results.dataset)])],
        contents=contents_table(results),
        contents_picture=contents_picture(results),
        agents=tables.agents_table(results, metrics),
        paper=published(results),
        differences=facts.differences(results),
        returns=pictures.returns_picture(results, metrics, resamples),
        behaviours=pictures.behaviours_picture(results, place) if place else None,
        trajectories=pictures.trajectories_picture(results, place, agents) if place else None,
        clusters=_clusterings(results, metrics, place, agents),
        safe=safe_section(results, metrics, place),
        ablation=tables.ablation_table(results.ablation),
        ablation_picture=_ablation(results),
        figure4=_figure4(results, resamples),
        losses=pictures.losses_picture(results),
    )


def _clusterings(
    results: DatasetResults, metrics: dict[str, Any], place: NavigationMap | None, agents: dict[str, Any]
) -> Clusterings:
    rows = rows_of(results, metrics)
    chosen = _in_use(results, agents)
    diagnosed = next((name for name in [*chosen, *results.diagnoses] if name in results.diagnoses), "")
    shown = matrices(results, diagnosed)
    return Clusterings(
        scores=scores_table(results, rows),
        findings=findings_table(rows),
        remarks=remarks(results),
        matrices=None
        if shown is None
        else (caption("clusterings", diagnosed), results.diagnoses[diagnosed].seeds[0]["seed"], shown),
        progress=[(caption("clusterings", name), one) for name, one in pictures.progress_pictures(results)],
        criterion=criterion_picture(results),
        k_picture=k_picture(results),
        k_table=k_table(results),
        cards=next(
            (
                (caption("clusterings", name), int(one.seeds[0]), cards(results, name, one, place, agents))
                for name, one in chosen.items()
            ),
            None,
        ),
    )


def _in_use(results: DatasetResults, agents: dict[str, Any]) -> dict[str, Clusters]:
    """Clusterings into more than one cluster, those that agents act by first."""
    used = [agents.get(agent, {}).get("clusters") for agent in results.evaluations]
    several = {name: clusters for name, clusters in results.clusterings.items() if not clusters.trivial}
    return dict(sorted(several.items(), key=lambda item: item[0] not in used))


def _ablation(results: DatasetResults) -> Picture | None:
    if not results.ablation:
        return None
    variants = [
        Variant(
            title=f"μ = {row['momentum']}, N_p = {row['pretrain_epochs']}, N_b = {row['bias_epochs']}",
            per_seed=np.array(row["rand"].split(), dtype=float),
            published=float(row["published_mean"]) if row["published_mean"] else None,
        )
        for row in results.ablation
    ]
    return picture(ablation(variants), f"{results.name}-ablation", "Rand index of each combination, as in the table")


def _figure4(results: DatasetResults, resamples: int) -> Picture | None:
    if not results.figure4:
        return None
    scored = all(row["d4rl_score"] for row in results.figure4)
    column = "d4rl_score" if scored else "return_mean"
    points: dict[str, dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
    for row in results.figure4:
        points[row["gradient"]][int(row["epochs"])].append(float(row[column]))
    curves: dict[str, list[tuple[int, Interval]]] = {
        gradient: [
            (epochs, summary.return_interval(np.array(scores), resamples)) for epochs, scores in by_epochs.items()
        ]
        for gradient, by_epochs in points.items()
    }
    figure = improvement_epochs(curves, "D4RL score (%)" if scored else "return")
    return picture(figure, f"{results.name}-figure4", "Score against improvement epochs for " + " and ".join(curves))


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return (
        f"{minutes // 60} h {minutes % 60:02} min"
        if minutes >= 60
        else f"{minutes} min {rest:02} s"
        if minutes
        else f"{rest} s"
    )


def _minus(text: str) -> str:
    """Hyphens before numbers as minus signs; those between, as in ranges, stay."""
    return re.sub(r"(?<![\w-])-(?=\d)", "\N{MINUS SIGN}", text)

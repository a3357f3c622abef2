"""The report: one HTML page that needs nothing but itself."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
from pydantic import Field

from stages.evaluation.statistics import Interval
from stages.plotting.ablation import Variant, ablation
from stages.plotting.improvement_epochs import improvement_epochs
from stages.reporting import facts, pictures, summary, tables, words
from stages.reporting.cards import Card, cards
from stages.reporting.contents import contents_picture, contents_table, oracle_sentence
from stages.reporting.inputs import Clusters, DatasetResults
from stages.reporting.names import caption
from stages.reporting.pictures import Picture, picture
from stages.reporting.place import map_of
from stages.reporting.published import published
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
    clusterings: Table | None
    progress: list[tuple[str, Picture]] = field(default_factory=list)
    ablation: Table | None = None
    ablation_picture: Picture | None = None
    figure4: Picture | None = None
    cards: list[tuple[str, int, list[Card]]] = field(default_factory=list)
    losses: Picture | None = None


def build(collection: dict[str, DatasetResults], settings: ReportSettings) -> str:
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
        clusterings=tables.clusterings_table(metrics),
        progress=[(caption("clusterings", name), one) for name, one in pictures.progress_pictures(results)],
        ablation=tables.ablation_table(results.ablation),
        ablation_picture=_ablation(results),
        figure4=_figure4(results, resamples),
        cards=[
            (caption("clusterings", name), int(clusters.seeds[0]), cards(results, name, clusters, place, agents))
            for name, clusters in _in_use(results, agents)
        ][:1],
        losses=pictures.losses_picture(results),
    )


def _in_use(results: DatasetResults, agents: dict[str, Any]) -> list[tuple[str, Clusters]]:
    """Clusterings into more than one cluster, those that agents act by first."""
    used = [agents.get(agent, {}).get("clusters") for agent in results.evaluations]
    several = [(name, clusters) for name, clusters in results.clusterings.items() if clusters.num_clusters > 1]
    return sorted(several, key=lambda item: item[0] not in used)


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

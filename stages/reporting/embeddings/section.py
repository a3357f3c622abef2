"""The part of the report about trajectory embeddings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from stages.reporting import SECTIONS
from stages.reporting.data.published import from_papers
from stages.reporting.data.results import Data
from stages.reporting.embeddings.contests import contests, sentences
from stages.reporting.embeddings.imitations import imitation_table
from stages.reporting.embeddings.latents import lines_picture, lines_table, moved_picture
from stages.reporting.embeddings.maps import maps_picture
from stages.reporting.embeddings.metrics import EmbeddingMetrics, embedding_metrics
from stages.reporting.embeddings.published import PublishedProbes
from stages.reporting.embeddings.results import SOURCES, Embeddings
from stages.reporting.embeddings.tables import overview_table, probe_tables
from stages.reporting.gathering import Collection, DatasetResults
from stages.reporting.kit.captions import caption
from stages.reporting.kit.pictures import Picture
from stages.reporting.kit.tables import Table
from stages.reporting.run.results import Run
from stages.reporting.section import Section, View
from stages.reporting.settings import ReportSettings
from stages.settings import Settings


@dataclass(frozen=True)
class EmbeddingsView(View):
    """The embeddings of one dataset."""

    template: ClassVar[str] = "embeddings/embeddings.html.jinja"

    overview: Table | None
    tables: dict[str, Table]
    """By what is read off the embeddings."""
    imitators: Table | None
    lines: Picture | None
    line_returns: Table | None
    moved: Picture | None
    maps: Picture | None
    skills: str
    """What skills cost that several embeddings read."""


@SECTIONS.register("embeddings", Settings)
class EmbeddingsSection(Section[EmbeddingMetrics]):
    """What `snakemake embeddings` made."""

    sources = SOURCES
    citations = (
        "Trajectory embeddings: Ge, Chen, Sinha, Varakantham: On Learning Informative Trajectory Embeddings for "
        "Imitation, Classification and Regression (VTE), AAMAS 2025. Jiang, Liu, Eysenbach, Kolter, Finn: Learning "
        "Options via Compression (LOVE), NeurIPS 2022."
    )

    def metrics(self, results: DatasetResults, resamples: int) -> EmbeddingMetrics | None:
        return embedding_metrics(results.of(Embeddings), results.of(Data).dataset, resamples)

    def sentences(self, results: DatasetResults, metrics: EmbeddingMetrics | None) -> Iterable[str]:
        return sentences(contests(results.of(Embeddings).probed))

    def views(
        self, results: DatasetResults, metrics: EmbeddingMetrics | None, settings: ReportSettings
    ) -> Iterable[EmbeddingsView]:
        if metrics is None:
            return
        embeddings, run, dataset = results.of(Embeddings), results.of(Run), results.of(Data).dataset
        episodes = None if dataset is None else dataset.num_episodes
        published = from_papers(results, PublishedProbes)
        yield EmbeddingsView(
            overview=overview_table(embeddings, metrics, run, episodes, published) if metrics.embeddings else None,
            tables=probe_tables(metrics),
            imitators=imitation_table(embeddings, dataset, metrics.imitators or {}),
            lines=lines_picture(results.name, embeddings.latents, dataset),
            line_returns=lines_table(embeddings.latents, settings.resamples),
            moved=moved_picture(results.name, embeddings.latents),
            maps=maps_picture(results.name, embeddings.embedded, dataset),
            skills=_skills(run),
        )

    def seeds(self, results: DatasetResults) -> set[int]:
        embeddings = results.of(Embeddings)
        blocks = [probed.seeds for probed in embeddings.probed.values()]
        blocks += [imitation.seeds for imitation in embeddings.imitations.values()]
        studied = {row.seed for rows in embeddings.latents.values() for row in rows}
        return studied | {int(seed) for seeds in blocks for seed in seeds}

    def cites(self, collection: Collection) -> bool:
        return any(results.of(Embeddings) != Embeddings() for results in collection.values())


def _skills(run: Run) -> str:
    """Such as ``love 240 s``."""
    recipes = dict.fromkeys(job.names[0] for job in run.jobs if job.stage == "skills")
    costs = {name: run.cost("skills", name).cpu_seconds for name in recipes}
    return ", ".join(f"{caption('skills', name)} {seconds:,.0f} s" for name, seconds in costs.items() if seconds)

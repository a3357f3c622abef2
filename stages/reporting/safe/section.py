"""The part of the report that is about safe agents."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from stages.reporting import SECTIONS
from stages.reporting.data.results import Data
from stages.reporting.gathering import Collection, DatasetResults
from stages.reporting.kit.captions import caption
from stages.reporting.kit.tables import Table
from stages.reporting.kit.words import number_range
from stages.reporting.safe.metrics import SafeMetrics, SafeRow, safe_metrics, safe_rows
from stages.reporting.safe.pictures import SafePictures, safe_pictures
from stages.reporting.safe.results import SOURCES, Safe
from stages.reporting.safe.scores import is_benchmark
from stages.reporting.safe.studies import Study, studies
from stages.reporting.safe.tables import Pair, partition_table, safe_table, sources
from stages.reporting.safe.words import sentences
from stages.reporting.section import Outcome, Section, View
from stages.reporting.settings import ReportSettings
from stages.settings import Settings

MOST_AGENTS = 3  # in the headline, best first


@dataclass(frozen=True)
class SafeView(View):
    """What the page says about the safe agents of one dataset; what is None or empty is left out."""

    template: ClassVar[str] = "safe/safe.html.jinja"

    table: Table | None
    protocol: str
    sources: list[str]
    pictures: SafePictures | None
    partitions: Table | None
    studies: list[Study]


@SECTIONS.register("safe", Settings)
class SafeSection(Section[SafeMetrics]):
    """Agents that are held to a cost limit."""

    sources = SOURCES
    citations = (
        "Safe agents: Liu et al.: Datasets and Benchmarks for Offline Safe Reinforcement Learning (DSRL), 2023. Gong, "
        "Kumar, Varakantham: Offline Safe Reinforcement Learning Using Trajectory Classification (TraC), AAAI 2025. "
        "Chemingui, Deshwal, Wei, Fern, Doppa: Constraint-Adaptive Policy Switching for Offline Safe Reinforcement "
        "Learning (CAPS), AAAI 2025. Liu et al.: Constrained Decision Transformer for Offline Safe Reinforcement "
        "Learning (CDT), ICML 2023. Xu, Zhan, Zhu: Constraints Penalized Q-learning for Safe Offline Reinforcement "
        "Learning (CPQ), AAAI 2022."
    )

    def metrics(self, results: DatasetResults, resamples: int) -> SafeMetrics:
        return safe_metrics(results, resamples)

    def rows(self, results: DatasetResults) -> list[SafeRow]:
        return safe_rows(results)

    def seeds(self, results: DatasetResults) -> set[int]:
        return {int(seed) for evaluation in results.of(Safe).evaluations.values() for seed in evaluation.seeds}

    def cites(self, collection: Collection) -> bool:
        return any(results.of(Safe) != Safe() for results in collection.values())

    def sentences(self, results: DatasetResults, metrics: SafeMetrics) -> Iterable[str]:
        return sentences(results.of(Data), metrics)

    def outcomes(self, results: DatasetResults, metrics: SafeMetrics) -> Iterable[Outcome]:
        kept = metrics.safe_everywhere
        if metrics.agents:
            yield Outcome("safe methods that keep every limit", f"{len(kept)} of {len(metrics.agents)}", "methods")
        for name in sorted(kept, key=lambda name: -metrics.agents[name].overall.normalised_return.mean)[:MOST_AGENTS]:
            overall = metrics.agents[name].overall
            yield Outcome(caption("agents", name), Pair.of(overall).text, "normalised reward / cost")

    def views(self, results: DatasetResults, metrics: SafeMetrics, settings: ReportSettings) -> Iterable[SafeView]:
        safe = results.of(Safe)
        if not (metrics.agents or safe.partitions or safe.studies):
            return
        yield SafeView(
            table=safe_table(results, metrics),
            protocol=_protocol(results, metrics) if metrics.agents else "",
            sources=sources(results, metrics),
            pictures=safe_pictures(results, metrics),
            partitions=partition_table(safe.partitions),
            studies=studies(results.name, safe.studies),
        )


def _protocol(results: DatasetResults, metrics: SafeMetrics) -> str:
    """How many seeds and rollouts there are, and what rewards are scaled by."""
    seeds = [agent.seeds for agent in metrics.agents.values()]
    rollouts = [evaluation.returns.shape[2] for evaluation in results.of(Safe).evaluations.values()]
    scale = "of DSRL’s dataset" if is_benchmark(results.of(Data)) else "of this dataset"
    return (
        f"{number_range(seeds)} seed{'s' * (max(seeds) > 1)}, "
        f"{number_range(rollouts)} episode{'s' * (max(rollouts) > 1)} per seed and limit. "
        f"Reward: 0 is the worst return {scale}, 1 the best one, whatever it cost. "
    )

"""The part of the report that is about safe agents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from stages.plotting.navigation_map import NavigationMap
from stages.reporting.inputs import DatasetResults
from stages.reporting.pictures import Picture
from stages.reporting.safe_pictures import safe_pictures
from stages.reporting.safe_scores import OVERALL, is_benchmark
from stages.reporting.safe_study_parts import Study, studies
from stages.reporting.safe_tables import partition_table, safe_table, sources
from stages.reporting.tables import Table


@dataclass(frozen=True)
class SafeSection:
    """What the page says about the safe agents of one dataset; what is None or empty is left out."""

    table: Table | None
    protocol: str
    sources: list[str]
    plane: Picture | None
    logarithmic: bool
    curves: Picture | None
    paths: Picture | None
    partitions: Table | None
    studies: list[Study]


def safe_section(results: DatasetResults, metrics: dict[str, Any], place: NavigationMap | None) -> SafeSection | None:
    """All parts that there are results for; None where there are none."""
    safe = metrics.get("safe", {})
    drawn = safe_pictures(results, safe, place)
    section = SafeSection(
        table=safe_table(results, safe),
        protocol=_protocol(results, safe),
        sources=sources(results, safe),
        plane=drawn.plane if drawn else None,
        logarithmic=drawn is not None and drawn.logarithmic,
        curves=drawn.curves if drawn else None,
        paths=drawn.paths if drawn else None,
        partitions=partition_table(results.partitions),
        studies=studies(results),
    )
    return section if section.table or section.partitions or section.studies else None


def _protocol(results: DatasetResults, safe: dict[str, Any]) -> str:
    """How many seeds and rollouts there are, and what rewards are scaled by."""
    if not safe:
        return ""
    seeds = sorted({one[OVERALL]["seeds"] for one in safe.values()})
    rollouts = sorted({one.returns.shape[2] for one in results.safe_evaluations.values()})
    told = " to ".join(f"{one}" for one in dict.fromkeys([seeds[0], seeds[-1]]))
    episodes = " to ".join(f"{one}" for one in dict.fromkeys([rollouts[0], rollouts[-1]]))
    scale = "of DSRL’s dataset" if is_benchmark(results) else "of this dataset"
    return (
        f"{told} seed{'s' * (seeds[-1] > 1)}, {episodes} episode{'s' * (rollouts[-1] > 1)} per seed and limit. "
        f"Reward: 0 is the worst return {scale}, 1 the best one, whatever it cost. "
    )

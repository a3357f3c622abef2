"""Under which name papers print a dataset, and what the sizes of its behaviours are there."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from stages.reporting.data.results import Data
from stages.reporting.gathering import DatasetResults
from stages.reporting.kit.published import read_published


@dataclass(frozen=True)
class Sizes:
    """Of one behaviour; None where it is not printed. `length` and `returns` are means over episodes."""

    episodes: int | None = None
    length: float | None = None
    returns: float | None = None


@dataclass(frozen=True)
class PublishedData:
    """Sizes by behaviour, and where they are printed."""

    source: str = ""
    behaviours: dict[str, Sizes] = field(default_factory=dict)


def published_data(results: DatasetResults) -> PublishedData:
    """What is printed of a dataset, empty where nothing is."""
    return read_published(Path(__file__).parent, PublishedData).get(published_key(results), PublishedData())


def published_key(results: DatasetResults) -> str:
    """The name under which the papers would print the dataset.

    D4RL's datasets are known by their environment and by what they mix: ``Hopper-v4`` with behaviours (or a dataset
    name) that say medium and expert is ``hopper-medium-expert``.
    """
    data = results.of(Data)
    task = data.environment.partition("-")[0].lower()
    names = () if data.dataset is None else data.dataset.behaviour_policy_names
    words = " ".join([results.name, *names]).lower()
    return "-".join([task, *(quality for quality in ("medium", "expert") if quality in words and task != "navigation")])

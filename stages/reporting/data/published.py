"""What papers print: numbers in the files ``published.yaml`` beside the sections that show them, and sizes of data."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import TypeAdapter

from stages.reporting.data.results import Data
from stages.reporting.gathering import DatasetResults

Entry = TypeVar("Entry")
QUALITIES = ("random", "low", "medium", "replay", "expert")


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


def from_papers(results: DatasetResults, kind: type[Entry]) -> Entry:
    """What papers print of a dataset: its entry in ``published.yaml`` beside `kind`, empty where there is none."""
    return _entries(kind).get(published_key(results), kind())


@cache
def _entries(kind: type[Entry]) -> dict[str, Entry]:
    file = Path(inspect.getfile(kind)).with_name("published.yaml")
    entries = yaml.safe_load(file.read_text(encoding="utf-8"))
    return TypeAdapter(dict[str, kind]).validate_python(entries)  # type: ignore[valid-type]


def published_key(results: DatasetResults) -> str:
    """The name under which the papers would print the dataset.

    D4RL's datasets are known by their environment and by what they mix: ``Hopper-v4`` with behaviours (or a dataset
    name) that say medium and expert is ``hopper-medium-expert``. With other words, such as low, it is none of theirs.
    """
    data = results.of(Data)
    task = data.environment.partition("-")[0].lower()
    names = () if data.dataset is None else data.dataset.behaviour_policy_names
    words = set(re.findall("[a-z]+", " ".join([results.name, *names]).lower()))
    return "-".join([task, *(quality for quality in QUALITIES if quality in words and task != "navigation")])

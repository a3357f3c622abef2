"""What a family of results brings to the summary and the report: the contract that page and summary iterate over.

A family is a folder beside this file: `results.py` (what it reads, as frozen dataclasses, and its `Source`s), typed
metrics, tables, pictures, ``captions.yaml``, ``published.yaml``, templates, and a `Section` that `__init__.py` names.
Sections see each other's results through `DatasetResults.of` alone; a `results.py` imports that of no other family.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

from stages.reporting.gathering import Collection, DatasetResults, Source
from stages.reporting.settings import ReportSettings

Metrics = TypeVar("Metrics")


class View:
    """Something to be shown: a frozen dataclass that its template, a path below this folder, sees as ``view``."""

    template: ClassVar[str]
    anchor: ClassVar[str] = ""
    title: ClassVar[str] = ""


@dataclass(frozen=True)
class Outcome:
    """One line of the headline: a number with its unit and, beside it, what else matters; `given`: was in the data."""

    name: str
    value: str
    unit: str
    remark: str = ""
    given: bool = False


class Section(Generic[Metrics]):
    """One family; whatever it does not bring, it leaves as it is here.

    Attributes:
        sources: The files it reads.
        citations: Whom to cite, where any dataset has something of it.
    """

    sources: Sequence[Source] = ()
    citations: str = ""

    def metrics(self, results: DatasetResults, resamples: int) -> Metrics | None:
        """Typed metrics of a dataset: a dataclass whose fields are the entries in ``metrics.json``."""
        return None

    def rows(self, results: DatasetResults) -> Sequence[Any]:
        """Dataclasses of one kind, each a row of ``summary.csv``; their fields are its columns."""
        return ()

    def sentences(self, results: DatasetResults, metrics: Metrics) -> Iterable[str]:
        """What came out."""
        return ()

    def outcomes(self, results: DatasetResults, metrics: Metrics) -> Iterable[Outcome]:
        """What came out, for the terminal; few lines."""
        return ()

    def views(self, results: DatasetResults, metrics: Metrics, settings: ReportSettings) -> Iterable[View]:
        """What stands in the dataset's part of the page, in its order."""
        return ()

    def before(self, collection: Collection) -> Iterable[View]:
        """What is about several datasets and stands before them, under a title."""
        return ()

    def after(self, collection: Collection, settings: ReportSettings) -> Iterable[View]:
        """What is about the run and stands below all datasets."""
        return ()

    def seeds(self, results: DatasetResults) -> set[int]:
        """The seeds in use."""
        return set()

    def cites(self, collection: Collection) -> bool:
        """Whether any dataset has something of it."""
        return False

"""A made-up family in the page and the summary: nothing but its section says what it brings."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from stages.errors import UserError
from stages.paths import Place
from stages.reporting import page, summary
from stages.reporting.gathering import Source, by_name, gather
from stages.reporting.section import Section
from stages.reporting.settings import ReportSettings


@dataclass(frozen=True)
class Toys:
    """Numbers by name."""

    numbers: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class ToyMetrics:
    toys: dict[str, float]


@dataclass(frozen=True)
class ToyRow:
    dataset: str
    toy: str
    wheels: float


@dataclass(frozen=True)
class Other:
    dataset: str
    wheels: float
    colour: str


class ToySection(Section[ToyMetrics]):
    sources = (
        Source(
            Toys,
            "numbers",
            (Place("results/toys/{dataset}/{toy}.txt"),),
            lambda path: float(path.read_text()),
            by_name("toy", sum),
        ),
    )
    citations = "Toy makers."

    def metrics(self, results, resamples):
        return ToyMetrics(results.of(Toys).numbers)

    def rows(self, results):
        return [ToyRow(results.name, toy, wheels) for toy, wheels in results.of(Toys).numbers.items()]

    def sentences(self, results, metrics):
        yield f"{len(metrics.toys)} toys."

    def seeds(self, results):
        return {3, 4}

    def cites(self, collection):
        return True


class OtherSection(Section[None]):
    def rows(self, results):
        return [Other(results.name, 2.0, "red")]


@pytest.fixture
def collection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for name, text in (("b", "4"), ("a", "3.5")):
        path = tmp_path / f"results/toys/shelf/{name}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    sections = (ToySection(), OtherSection())
    monkeypatch.setattr(page, "SECTIONS", sections)
    monkeypatch.setattr(summary, "SECTIONS", sections)
    files = [str(tmp_path / f"results/toys/shelf/{name}.txt") for name in "ba"]
    return gather(files, ToySection.sources)


def test_results_are_read_by_place_and_keep_their_order(collection):
    assert collection["shelf"].of(Toys) == Toys({"b": 4.0, "a": 3.5})
    assert list(collection["shelf"].of(Toys).numbers) == ["b", "a"]


def test_summary_has_what_sections_bring(collection):
    (metrics,) = summary.metrics_of(collection, 100).values()
    assert summary.as_json(metrics) == {"toys": {"b": 4.0, "a": 3.5}}
    table = summary.table(collection)
    assert list(table.columns) == ["dataset", "toy", "wheels", "colour"] and len(table) == 3


def test_page_says_what_sections_say(collection):
    text = page.build(collection, ReportSettings())
    assert "<li>2 toys.</li>" in text and "Toy makers." in text and "Seeds 3-4." in text


def test_files_of_no_section_are_refused(tmp_path: Path):
    with pytest.raises(UserError, match=r"does not say what it is.*Expected one of results/toys/"):
        gather([str(tmp_path / "results/games/shelf/a.txt")], ToySection.sources)

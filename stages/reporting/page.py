"""The report: one HTML page that needs nothing but itself."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import jinja2

from stages.reporting.gathering import Collection
from stages.reporting.section import View
from stages.reporting.sections import SECTIONS
from stages.reporting.settings import ReportSettings
from stages.reporting.summary import metrics_of


@dataclass(frozen=True)
class Chapter:
    """One dataset's part of the page, or what is about several: what came out, and parts as HTML."""

    anchor: str
    title: str
    sentences: list[str]
    parts: list[str]


def build(collection: Collection, settings: ReportSettings) -> str:
    """The page as text; equal inputs give equal text."""
    loader = jinja2.FileSystemLoader(Path(__file__).parent)
    environment = jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters["minus"] = _minus

    def shown(view: View, dataset: str = "") -> str:
        return environment.get_template(view.template).render(view=view, dataset=dataset)

    before = [view for section in SECTIONS for view in section.before(collection)]
    chapters = [Chapter(view.anchor, view.title, [], [shown(view)]) for view in before]
    metrics = metrics_of(collection, settings.resamples)
    for name, results in collection.items():
        sections = list(zip(SECTIONS, metrics[name], strict=True))
        sentences = [sentence for section, found in sections for sentence in section.sentences(results, found)]
        parts = [shown(view, name) for section, found in sections for view in section.views(results, found, settings)]
        chapters.append(Chapter(name, name, sentences, parts))
    return environment.get_template("page.html.jinja").render(
        title=settings.title,
        chapters=chapters,
        run=[shown(view) for section in SECTIONS for view in section.after(collection, settings)],
        citations=[section.citations for section in SECTIONS if section.citations and section.cites(collection)],
        seeds=seeds(collection),
    )


def seeds(collection: Collection) -> str:
    """The seeds in use, such as ``0-9``."""
    used = sorted({seed for results in collection.values() for section in SECTIONS for seed in section.seeds(results)})
    if len(used) > 1 and used == list(range(used[0], used[-1] + 1)):
        return f"{used[0]}-{used[-1]}"
    return ", ".join(map(str, used)) or "none"


def _minus(text: str) -> str:
    """Hyphens before numbers as minus signs; those between, as in ranges, stay."""
    return re.sub(r"(?<![\w-])-(?=\d)", "\N{MINUS SIGN}", text)

"""All sections, loaded: the families of results, in the order in which they stand in the page."""

from __future__ import annotations

from stages import reporting
from stages.reporting.section import Section

SECTIONS: tuple[Section, ...] = tuple(reporting.SECTIONS.entry(name)() for name in reporting.SECTIONS.listed())
SOURCES = tuple(source for section in SECTIONS for source in section.sources)
# Entries of metrics.json that come first, whatever the order of the page; further ones follow in the page's order.
FIRST_METRICS = ("agents", "clusters", "behaviours", "bound")

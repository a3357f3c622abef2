"""The families of results, in the order in which they stand in the page.

A further family adds its folder beside this file and its section here. Only the summary and the report import this
module, so that nothing else is out of date then.
"""

from __future__ import annotations

from stages.reporting.clusterings.section import ClusteringsSection
from stages.reporting.data.section import DataSection
from stages.reporting.returns.section import ReturnsSection
from stages.reporting.run.section import RunSection
from stages.reporting.safe.section import SafeSection
from stages.reporting.section import Section

SECTIONS: tuple[Section, ...] = (DataSection(), ReturnsSection(), SafeSection(), ClusteringsSection(), RunSection())
SOURCES = tuple(source for section in SECTIONS for source in section.sources)
# Entries of metrics.json that come first, whatever the order of the page; further ones follow in the page's order.
FIRST_METRICS = ("agents", "clusters", "behaviours", "bound")

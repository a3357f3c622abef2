"""Tables of methods name what is registered, all of it and nothing else."""

from __future__ import annotations

import json
import re

import pytest

from stages.clustering import CLUSTERING
from stages.embeddings import EMBEDDINGS
from stages.embeddings.imitation import IMITATORS
from stages.formats import FORMATS
from stages.generators import GENERATORS
from stages.safety import SAFETY
from tests.docs.pages import PAGES, ROOT


def table(page: str, heading: str) -> list[list[str]]:
    """Cells of the rows of the table whose first heading is `heading`."""
    below = PAGES[page].split(f"| {heading} |", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]] for row in below]


@pytest.mark.parametrize(
    "page, heading, registry",
    [
        ("docs/clustering.md", "`method`", CLUSTERING),
        ("docs/safe.md", "`method`", SAFETY),
        ("docs/embeddings.md", "`method`", EMBEDDINGS),
        ("docs/embeddings.md", "`imitate: {method: ...}`", IMITATORS),
        ("docs/datasets.md", "`generate: {method: ...}`", GENERATORS),
    ],
)
def test_methods(page, heading, registry):
    named = [name for row in table(page, heading) for name in re.findall(r"`(\w+)`", row[0])]
    assert sorted(named) == registry.names()


def test_formats():
    assert sorted(row[0].lower() for row in table("docs/your-data.md", "format")) == FORMATS.names()


def test_scores_of_behaviours_are_those_of_the_manifests():
    for task, *scores, _ in table("data/README.md", "task"):
        manifest = json.loads((ROOT / f"data/behaviours/{task}.json").read_text())["behaviours"]
        assert [float(score) for score in scores] == [manifest[at]["d4rl_score"] for at in ("low", "medium", "expert")]

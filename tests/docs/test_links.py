"""Links, paths and modules that the pages name lead somewhere."""

from __future__ import annotations

import importlib.util
import re

import pytest

from tests.docs.pages import PAGES, ROOT, inline

MADE_BY_RUNS = ("results", "data/external", "data/generated")
TOP = {path.name for path in ROOT.iterdir()}


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    links = [link for link in re.findall(r"\]\(([^)\s]+)\)", PAGES[page]) if not link.startswith("http")]
    files = [link.partition("#")[0] for link in links]
    assert [file for file in files if file and not ((ROOT / page).parent / file).exists()] == []


def test_the_readme_leads_to_every_page():
    linked = set(re.findall(r"\]\(([^)\s#]+)\)", PAGES["README.md"]))
    pages = {page for page in PAGES if not page.startswith("docs/decisions/")} - {"README.md"}
    assert pages <= linked and "docs/decisions" in linked


@pytest.mark.parametrize("page", [page for page in PAGES if page != "CHANGELOG.md"])
def test_paths_that_are_named_exist(page):
    paths = [text.rstrip("/") for text in inline(page) if re.fullmatch(r"[\w.-]+(/[\w.-]+)+/?", text)]
    named = [path for path in paths if path.split("/")[0] in TOP and not path.startswith(MADE_BY_RUNS)]
    assert [path for path in named if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("page", PAGES)
def test_modules_that_are_named_exist(page):
    modules = [text for text in inline(page) if re.fullmatch(r"(stages|benchmarks)(\.\w+)+", text)]
    assert [module for module in modules if not _is_module_or_member(module)] == []


def _is_module_or_member(name: str) -> bool:
    """``stages.training.loop.Loop`` is a member of a module."""
    package = name.rpartition(".")[0]
    if importlib.util.find_spec(package) is None:
        return False
    if _found(name):
        return True
    return hasattr(importlib.import_module(package), name.rpartition(".")[2])


def _found(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def test_the_readme_is_short():
    assert len(PAGES["README.md"].splitlines()) <= 120

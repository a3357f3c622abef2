"""A project of its own for each test: copied from one smoke run, which is made once."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from tests.pipeline.project import ROOT, Project


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One worker runs all tests of the pipeline, so that the smoke run is made once."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("pipeline"))
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def first_version(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The project after a smoke run, recorded by DVC and git as ``v1``."""
    project = Project(tmp_path_factory.mktemp("pipeline") / "v1")
    ignored = shutil.ignore_patterns(".git", ".venv", ".snakemake", ".checkpoints", "logs", "results", "generated",
                                     "__pycache__", "cache", "tmp", "?*.dvc", "*.hdf5", ".*_cache")  # fmt: skip
    shutil.copytree(ROOT, project.path, ignore=ignored)
    project.overlay(yaml.safe_load((ROOT / "profiles/smoke.yaml").read_text()))
    project.run("git", "init", "--quiet")
    project.run("snakemake")
    project.commit("v1")
    return project


@pytest.fixture(scope="session")
def two_versions(first_version: Project) -> Project:
    """The project at ``v2``, which differs from ``v1`` in the bound's settings and in what follows from them."""
    project = first_version.copy(first_version.path.with_name("v2"))
    project.set("datasets.navigation.settings.bound.cell_size", 0.75)
    project.commit("v2")
    return project


@pytest.fixture
def project(first_version: Project, tmp_path: Path) -> Project:
    """A copy of ``v1`` to change."""
    return first_version.copy(tmp_path / "project")


@pytest.fixture
def versions(two_versions: Project, tmp_path: Path) -> Project:
    """A copy of ``v2``, with ``v1`` in its history, to change."""
    return two_versions.copy(tmp_path / "project")

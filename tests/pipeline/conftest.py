"""A project of its own for each test: copied from one smoke run, which is made once for all workers."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from filelock import FileLock

from tests.pipeline.project import ROOT, Project

NOT_COPIED = shutil.ignore_patterns(
    ".git", ".venv", ".snakemake", ".checkpoints", ".*_cache", "__pycache__", "cache", "tmp", "logs", "results",
    "generated", "?*.dvc", "*.hdf5",
)  # fmt: skip


# Over the smoke profile: fewer jobs, with seeds that are trained together (and safe ones that are joined afterwards).
FEWER_JOBS = {
    "seeds": {"count": 2, "block": 2},
    "clustering_seeds": {"count": 2, "block": 2},
    "baseline_seeds": {"count": 2, "block": 2},
    "safe_seeds": {"count": 2, "block": 1},
}


@pytest.fixture(scope="session")
def first_version(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The project after a smoke run, recorded by DVC and git as ``v1``."""

    def build(path: Path) -> None:
        shutil.copytree(ROOT, path, ignore=NOT_COPIED)
        project = Project(path)
        project.overlay(yaml.safe_load((ROOT / "profiles/smoke.yaml").read_text()))
        project.overlay(FEWER_JOBS)
        project.run("git", "init", "--quiet")
        project.run("snakemake", warm=False)
        project.commit("v1")

    return built_once(tmp_path_factory, "v1", build)


@pytest.fixture(scope="session")
def two_versions(first_version: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The project at ``v2``, which differs from ``v1`` in the bound's settings and in what follows from them."""

    def build(path: Path) -> None:
        project = first_version.copy(path)
        project.set("datasets.navigation.settings.bound.cell_size", 0.75)
        project.commit("v2")

    return built_once(tmp_path_factory, "v2", build)


@pytest.fixture
def project(first_version: Project, tmp_path: Path) -> Project:
    """A copy of ``v1`` to change."""
    return first_version.copy(tmp_path / "project")


@pytest.fixture
def versions(two_versions: Project, tmp_path: Path) -> Project:
    """A copy of ``v2``, with ``v1`` in its history, to change."""
    return two_versions.copy(tmp_path / "project")


def built_once(factory: pytest.TempPathFactory, name: str, build: Callable[[Path], None]) -> Project:
    """The project that `build` makes, made by whichever test process comes first while the others wait."""
    shared = factory.getbasetemp().parent if "PYTEST_XDIST_WORKER" in os.environ else factory.getbasetemp()
    path, done = shared / "pipeline" / name, shared / "pipeline" / f"{name}.done"
    path.parent.mkdir(exist_ok=True)
    with FileLock(path.with_suffix(".lock")):
        if not done.exists():
            build(path)
            done.touch()
    return Project(path)

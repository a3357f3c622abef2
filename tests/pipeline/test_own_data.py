"""A dataset of the user's: what it is made of is followed, whatever the dates of the files."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from pathlib import Path

import h5py
import pytest

from tests.pipeline.project import NOTHING, Project

pytestmark = pytest.mark.slow

FILE, DATASET = "data/external/mine.hdf5", "data/generated/mine.hdf5"


@pytest.fixture(scope="module")
def imported(first_version: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with an imported dataset, tracked by DVC."""
    project = first_version.copy(tmp_path_factory.mktemp("imported") / "project")
    shutil.copy(project.path / "data/generated/navigation.hdf5", project.path / FILE)
    project.run("dvc", "add", FILE)
    project.set("datasets.mine", {"import": {"files": [FILE], "environment": "navigation"}, "preset": "didactic"})
    project.run("snakemake", DATASET)
    return project


@pytest.fixture
def with_file(imported: Project, tmp_path: Path) -> Project:
    """A copy of it to change."""
    return imported.copy(tmp_path / "project")


def test_a_changed_file_is_imported_again_even_if_it_looks_older(with_file: Project) -> None:
    os.utime(with_file.path / FILE)
    assert with_file.plan(DATASET) == NOTHING
    scale_rewards(with_file.path / FILE)
    assert with_file.plan(DATASET) == Counter(import_dataset=1)
    with_file.run("dvc", "add", FILE)
    os.utime(with_file.path / FILE, (0, 0))
    assert with_file.plan(DATASET) == Counter(import_dataset=1)


def test_a_missing_file_is_named(with_file: Project) -> None:
    (with_file.path / FILE).unlink()
    output = with_file.run("snakemake", "--dry-run", succeeds=False)
    assert f"error: params.yaml: datasets.mine.import.files.0: no file {FILE}" in output
    assert "dvc pull" in output


def scale_rewards(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        file["rewards"][:] = 2 * file["rewards"][:]

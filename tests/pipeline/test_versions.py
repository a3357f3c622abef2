"""Restored versions are known to be up to date; mixtures of versions are refused or made again."""

from __future__ import annotations

from pathlib import Path

import pytest

from stages.provenance import file_hash
from tests.pipeline.project import NOTHING, Project

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("cache_type", ["copy", "hardlink"])
def test_versions_are_restored_and_left_again(versions: Project, cache_type: str) -> None:
    versions.run("dvc", "config", "--local", "cache.type", cache_type)
    versions.run("dvc", "checkout", "--relink")
    for tag in ("v1", "v2"):
        versions.run("git", "checkout", "--quiet", tag)
        versions.run("dvc", "checkout")
        assert versions.plan() == NOTHING
        assert "up to date" in versions.run("dvc", "status")


def test_code_without_its_results_is_run_again(versions: Project) -> None:
    versions.run("git", "checkout", "--quiet", "v1")
    assert versions.plan() == versions.after("results/bound/navigation.json")


def test_half_a_restore_is_refused(versions: Project) -> None:
    versions.run("git", "checkout", "--quiet", "v1", "--", "dvc.lock")
    versions.run("dvc", "checkout", "results/bound/navigation.json")
    output = versions.run("snakemake", "--dry-run", succeeds=False)
    assert "error: not the files that your results were computed from: results/bound/navigation.json" in output
    assert "dvc checkout" in output
    versions.run("git", "checkout", "--quiet", "v2", "--", "dvc.lock")
    versions.run("dvc", "checkout", "--force")
    assert versions.plan() == NOTHING


def test_records_linked_from_the_cache_are_not_written_through(versions: Project) -> None:
    versions.run("dvc", "config", "--local", "cache.type", "hardlink")
    versions.run("dvc", "checkout", "--relink")
    cached = [path for path in (versions.path / ".dvc/cache/files/md5").rglob("*") if path.is_file()]
    before = {path: file_hash(path) for path in cached}
    versions.run("snakemake", "--forcerun", "bound", "--until", "bound")
    assert {path: file_hash(path) for path in cached} == before


def test_a_clone_that_pulled_is_up_to_date_and_follows_changes(versions: Project, tmp_path: Path) -> None:
    versions.run("dvc", "remote", "add", "--default", "store", str(tmp_path / "store"))
    versions.run("dvc", "push")
    versions.run("git", "commit", "--quiet", "--all", "--message", "remote")
    versions.run("git", "clone", "--quiet", str(versions.path), str(tmp_path / "clone"))
    clone = Project(tmp_path / "clone")
    assert clone.plan()["generate_dataset"] > 0
    clone.run("dvc", "pull")
    assert clone.plan() == NOTHING
    clone.set("datasets.navigation.settings.train_high_level.expectile", 0.6)
    assert clone.plan() == clone.after("results/high_level/navigation/")

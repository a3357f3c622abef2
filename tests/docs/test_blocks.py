"""Blocks that a reader copies from the pages work as they stand."""

from __future__ import annotations

import pytest
import torch
import yaml

from stages.clustering import CLUSTERING
from stages.params.recipes import Recipes
from stages.params.schema import load
from stages.training.job import Job
from tests.docs.pages import ROOT, blocks
from tests.synthetic import ragged

PARAMS = blocks("yaml")
METHODS = [text for _, text in blocks("python") if "@CLUSTERING.register" in text]


@pytest.mark.parametrize("page, block", PARAMS, ids=[f"{page}-{i}" for i, (page, _) in enumerate(PARAMS)])
def test_params_are_valid(page, block, tmp_path, monkeypatch):
    """On top of the project's, with files of the names in place; every job's settings can be had."""
    overlay = yaml.safe_load(block)
    monkeypatch.chdir(tmp_path)
    for entry in overlay.get("datasets", {}).values():
        for file in entry.get("import", {}).get("files", []):
            (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / file).touch()
    (tmp_path / "params.yaml").write_text((ROOT / "params.yaml").read_text())
    (tmp_path / "overlay.yaml").write_text(block)
    recipes = Recipes(*load(["params.yaml", "overlay.yaml"]))
    assert recipes.table()
    for name, entry in overlay.get("datasets", {}).items():
        environment = (entry.get("import") or entry.get("generate") or {}).get("environment")
        assert environment is None or recipes.params.datasets[name].environment == environment


@pytest.mark.parametrize("text", METHODS)
def test_the_clustering_method_works(text, monkeypatch):
    monkeypatch.setattr(CLUSTERING, "_entries", dict(CLUSTERING._entries))
    before = set(CLUSTERING._entries)
    exec(compile(text, "docs", "exec"), {"__name__": "written_in_a_page"})
    (name,) = set(CLUSTERING._entries) - before
    dataset = ragged(episodes=12)
    found = CLUSTERING.entry(name)(Job(dataset, [0, 1]), CLUSTERING.settings(name)(num_clusters=2)).fit()
    longest, shortest = int(dataset.episode_lengths.argmax()), int(dataset.episode_lengths.argmin())
    assert found.labels.shape == (2, 12)
    assert torch.all(found.labels[:, longest] != found.labels[:, shortest])


def test_there_are_blocks_to_be_tested():
    assert len(PARAMS) >= 5 and METHODS

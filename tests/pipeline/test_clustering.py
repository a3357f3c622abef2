"""Studies of clustering methods, and clusters as files for other tools."""

import json

import pandas as pd
import pytest

from stages.formats.loading import load
from tests.pipeline.project import NOTHING

pytestmark = pytest.mark.slow


def test_methods_are_compared_and_reported(project):
    project.set("comparison", {"takeball": ["evidence", "pg_kmeans"]})
    project.run("snakemake", "results/clustering/takeball.csv", "k_sensitivity")
    assert project.plan("results/clustering/takeball.csv", "k_sensitivity") == NOTHING
    table = pd.read_csv(project.path / "results/clustering/takeball.csv")
    assert set(table["clustering"]) == {"evidence", "pg_kmeans"}
    assert (table["seeds"] == 2).all() and table["nmi_mean"].between(0, 1).all()
    assert set(pd.read_csv(project.path / "results/k_sensitivity/takeball.csv")["k"]) == {4, 6}
    assert project.plan()["report"] == 1


def test_where_nothing_is_compared_there_is_no_table(project):
    project.set("comparison.takeball", [])
    tables = [job for job in project.planned_jobs("clustering") if "the table clustering of" in job]
    assert tables and not any("takeball" in job for job in tables)


def test_clusters_become_files(project):
    clusters = "results/clusters/takeball/evidence/seeds-0-1.safetensors"
    data, manifest = "data/generated/takeball.hdf5", "exported/manifest.json"
    project.run("python", "-m", "stages.export_clusters", data, clusters, "--output", manifest)
    files = json.loads((project.path / manifest).read_text())["files"]
    parts = [load(project.path / "exported" / name) for name in files]
    assert sum(part.num_episodes for part in parts) == load(project.path / data).num_episodes


def test_the_number_of_clusters_of_a_dataset_holds_for_recipes_that_do_not_say(project):
    project.set("datasets.takeball.num_clusters", 3)
    assert project.plan("results/clusters/takeball/evidence/seeds-0-1.safetensors") == NOTHING
    assert project.plan("results/clusters/takeball/evidence_k/seeds-0-1.safetensors") == {"cluster_trajectories": 1}

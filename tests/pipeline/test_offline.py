"""Compared offline algorithms in the pipeline: the table, what reruns, the report."""

import pandas as pd
import pytest

from tests.pipeline.project import NOTHING

pytestmark = pytest.mark.slow
TABLE = "results/offline_rl/hopper-medium-expert-10k.csv"


def test_agents_become_a_table_and_a_part_of_the_report(project):
    project.run("snakemake", "offline_rl")
    assert project.plan("offline_rl") == NOTHING
    table = pd.read_csv(project.path / TABLE)
    (compared,) = [agents for agents in project.params()["offline_comparison"].values() if agents]
    assert table["agent"].unique().tolist() == compared
    assert table.groupby("agent")["seed"].nunique().unique().tolist() == [2]
    by_cluster = table[table["agent"] == "iql_by_cluster"].iloc[0]
    assert (by_cluster["trained_on"], by_cluster["reference"]) == ("each cluster", "iql")
    project.set("train_offline.iql.expectile", 0.6)
    jobs = project.planned_jobs("offline_rl")
    trained = sorted(job for job in jobs if job.startswith("train "))
    assert [job.split(",")[0].split(" of ")[0] for job in trained] == [
        "train iql on each cluster evidence_fitted",
        "train iql on hopper-medium-expert-10k",
    ]
    assert not any("bc" in job for job in jobs)
    project.set("train_offline.iql.expectile", 0.7)
    assert project.plan("offline_rl") == NOTHING
    assert project.plan()["report"] == 1

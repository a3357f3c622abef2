"""The safe family in the pipeline: what reruns, the studies, and what bad input says before training."""

import numpy as np
import pandas as pd
import pytest

from stages.params.grids import SafeGrid
from tests.pipeline.project import NOTHING

pytestmark = pytest.mark.slow
EVALUATION = "results/safe_evaluation/safe_navigation/trac/seeds-0-0.npz"


def test_the_showcase_evaluates_under_every_limit(project):
    with np.load(project.path / EVALUATION) as arrays:
        assert arrays["limits"].tolist() == [10, 20, 40]
        assert arrays["costs"].shape == (1, 3, 2)
    table = pd.read_csv(project.path / "results/summary.csv")
    assert set(table.loc[table["dataset"] == "safe_navigation", "agent"]) == {"bc_safe", "trac"}
    assert "BC-Safe" in (project.path / "results/report.html").read_text()


def test_a_partition_reruns_what_learns_from_it(project):
    project.set("partition_trajectories.by_episode.least_weight", 0.5)
    assert project.plan() == project.after("results/partitions/safe_navigation/by_episode.")


def test_the_protocol_reruns_rollouts_alone(project):
    project.set("datasets.safe_navigation.settings.evaluate_safe.episodes", 3)
    assert project.plan() == project.after("results/safe_evaluation/safe_navigation/")


def test_more_seeds_train_only_new_blocks(project):
    project.set("safe_seeds.count", 3)
    jobs = project.planned_jobs()
    assert sorted(job for job in jobs if "train" in job) == [
        f"train {name} on safe_navigation, seeds 2-2" for name in ("bc_safe", "trac")
    ]


def test_how_a_method_acts_reruns_its_own_rollouts(project):
    project.append("stages/agents/network.py", "\nANYTHING = 1\n")
    assert project.plan("results/safe_evaluation/safe_navigation/bc_safe/seeds-0-0.npz")["evaluate_safe"] == 1
    project.edit("stages/agents/network.py", "\nANYTHING = 1\n", "")
    project.append("stages/safety/limits/caps_agent.py", "\nANYTHING = 1\n")
    assert project.plan() == NOTHING


# Every kind of study once, with one value or with two.
FEWER_VALUES = {
    "sides": {"vary": {"sides": ["desirable"]}},
    "shares": {"vary_partition": {"desirable_share": [0.25], "undesirable_share": [0.0]}},
}


def test_studies_become_a_table(project):
    project.overlay({"safe_seeds": {"count": 1}, "safe_studies": FEWER_VALUES})
    project.run("snakemake", "safe_studies")
    assert project.plan("safe_studies") == NOTHING
    table = pd.read_csv(project.path / "results/safe_studies/safe_navigation.csv")
    grids = {study: SafeGrid(**grid) for study, grid in project.params()["safe_studies"].items()}
    variants = {study: 1 + len(grid.varied) for study, grid in grids.items()}
    assert variants and table.groupby("study")["variant"].nunique().to_dict() == variants
    assert project.plan()["report"] == 1


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("partition_trajectories.by_episode.cost_limits", [1000], "no episode is unsafe under the cost limit 1000"),
        ("partition_trajectories.by_episode.segment_length", 5000, "longer than every episode"),
    ],
)
def test_data_that_do_not_do_are_refused_before_training(project, key, value, said):
    project.set(key, value)
    project.run("snakemake", EVALUATION, succeeds=False)
    log = (project.path / "logs/partitions/safe_navigation/by_episode.log").read_text()
    assert log.startswith("error: ") and said in log and len(log.splitlines()) == 1
    assert not (project.path / "results/partitions/safe_navigation/by_episode.safetensors").exists()

"""The safe family in the pipeline: what reruns, the studies, and what bad input says before training."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest

from tests.pipeline.project import NOTHING

pytestmark = pytest.mark.slow
REPORTED = Counter(summarise=1, report=1)
EVALUATION = "results/safe_evaluation/safe_navigation/trac/seeds-0-1.npz"


def test_the_showcase_evaluates_under_every_limit(project):
    with np.load(project.path / EVALUATION) as arrays:
        assert arrays["limits"].tolist() == [10, 20, 40]
        assert arrays["costs"].shape == (2, 3, 2)
    table = pd.read_csv(project.path / "results/summary.csv")
    assert set(table.loc[table["dataset"] == "safe_navigation", "agent"]) == {"bc_safe", "trac"}
    assert "BC-Safe" in (project.path / "results/report.html").read_text()


def test_a_partition_reruns_what_learns_from_it(project):
    project.set("partition_trajectories.by_episode.least_weight", 0.5)
    assert project.plan() == REPORTED + Counter(partition_trajectories=1, train_safe=1, evaluate_safe=1)


def test_the_protocol_reruns_rollouts_alone(project):
    project.set("datasets.safe_navigation.settings.evaluate_safe.episodes", 3)
    assert project.plan() == REPORTED + Counter(evaluate_safe=2)


def test_more_seeds_train_only_new_blocks(project):
    project.set("safe_seeds.count", 4)
    jobs = project.planned_jobs()
    assert sorted(job for job in jobs if "train" in job) == [
        f"train {name} on safe_navigation, seeds 2-3" for name in ("bc_safe", "trac")
    ]


def test_how_a_method_acts_reruns_its_own_rollouts(project):
    project.append("stages/agents/network.py", "\nANYTHING = 1\n")
    assert project.plan("results/safe_evaluation/safe_navigation/bc_safe/seeds-0-1.npz")["evaluate_safe"] == 1
    project.edit("stages/agents/network.py", "\nANYTHING = 1\n", "")
    project.append("stages/safety/limits/caps_agent.py", "\nANYTHING = 1\n")
    assert project.plan() == NOTHING


def test_studies_become_a_table(project):
    project.run("snakemake", "safe_studies")
    assert project.plan("safe_studies") == NOTHING
    table = pd.read_csv(project.path / "results/safe_studies/safe_navigation.csv")
    assert set(table["study"]) == {"sides", "shares", "reference", "segment_length"}
    counts = table.groupby("study")["variant"].nunique()
    assert counts.to_dict() == {"sides": 3, "shares": 5, "reference": 2, "segment_length": 3}
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

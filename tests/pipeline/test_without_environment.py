"""A file of the user's whose environment nobody has: agents are trained and estimated, from the file to the report."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import h5py
import pytest
import yaml

from tests.pipeline.conftest import NOT_COPIED
from tests.pipeline.project import NOTHING, REPORTED, ROOT, Project
from tests.synthetic import two_policies

pytestmark = pytest.mark.slow

FILE = "data/external/mine.hdf5"
OF_OTHER_DATASETS = (
    "comparison",
    "k_sensitivity",
    "ablation",
    "figure4",
    "latent_studies",
    "safe_comparison",
    "safe_studies",
)
AGENTS = ["bc", "td3_bc", "empo_unimproved"]
SMALL = {"hidden_sizes": [16, 16], "num_steps": 50}
SETTINGS: dict[str, Any] = {
    "cluster_trajectories": {"em": {"hidden_sizes": [16], "bias_epochs": 1, "em_epochs": 2, "refit_epochs": 1}},
    "train_high_level": SMALL,
    "train_offline": {"bc": SMALL, "td3_bc": SMALL},
    "estimate_returns": SMALL,
}


@pytest.fixture
def bare(tmp_path: Path) -> Project:
    """A project with one dataset, a flat file that names no environment."""
    project = Project(tmp_path / "project")
    shutil.copytree(ROOT, project.path, ignore=NOT_COPIED)
    dataset = two_policies(episodes=12, steps=20)
    with h5py.File(project.path / FILE, "w") as file:
        for name, values in {
            "observations": dataset.observations, "actions": dataset.actions, "rewards": dataset.rewards,
            "terminals": dataset.truncations, "timeouts": dataset.terminations,
            "next_observations": dataset.next_observations,
        }.items():  # fmt: skip
            file[name] = values
    params = {key: value for key, value in project.params().items() if key not in OF_OTHER_DATASETS}
    params["datasets"] = {"mine": {"import": {"files": [FILE]}, "settings": SETTINGS, "agents": AGENTS}}
    params |= {
        "seeds": {"count": 2, "block": 2},
        "clustering_seeds": None,
        "summarise": {"resamples": 200},
        "offline_comparison": {},
    }
    (project.path / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    project.run("git", "init", "--quiet")
    return project


def test_agents_are_trained_and_estimated_up_to_the_report(bare: Project) -> None:
    plan = bare.plan()
    assert plan["estimate_returns"] == len(AGENTS)
    assert plan["evaluate"] == plan["bound"] == 0

    bare.run("snakemake")
    assert bare.plan() == NOTHING
    metrics = json.loads((bare.path / "results/metrics.json").read_text())["mine"]
    assert list(metrics["estimates"]) == AGENTS and metrics["agents"] == {}
    assert all(agent["seeds"] == 2 and agent["per_episode"] for agent in metrics["estimates"].values())
    headline = (bare.path / "results/headline.txt").read_text()
    assert headline.count("estimate, not rolled out") == len(AGENTS)
    report = (bare.path / "results/report.html").read_text()
    assert "The params name no environment" in report and "Estimated returns</h3>" in report

    # An estimate's settings are its own.
    bare.set("datasets.mine.settings.estimate_returns.discount", 0.9)
    assert bare.plan() == REPORTED + Counter(estimate_returns=len(AGENTS))


def test_an_agent_of_whole_episodes_is_refused_when_planning(bare: Project) -> None:
    bare.set("agents.dt", {"offline": "decision_transformer"})
    bare.set("datasets.mine.agents", [*AGENTS, "dt"])
    output = bare.run("snakemake", "--dry-run", succeeds=False)
    assert "error: params.yaml: datasets.mine.agents.3: dt acts on its episode so far" in output

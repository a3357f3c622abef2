"""The paper profile is the paper: the settings that jobs get out of it against EMPO's Table 4."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stages.params.recipes import Recipes
from stages.params.schema import load

ROOT = Path(__file__).resolve().parents[1]
# Table 4 and the text above it, by column: stage, recipe, setting, Didactic, D4RL. A four-layer network has three
# hidden layers; K is told; b is the ratio of ID(s).
TABLE_4 = [
    ("cluster_trajectories", "em", "num_clusters", 2, 2),
    ("cluster_trajectories", "em", "hidden_sizes", [64] * 3, [256] * 3),
    ("cluster_trajectories", "em", "bias_epochs", 3, 3),
    ("cluster_trajectories", "em", "pretrain_epochs", 20, 20),
    ("cluster_trajectories", "em", "em_epochs", 60, 100),
    ("cluster_trajectories", "em", "momentum", 0.9, 0.9),
    ("cluster_trajectories", "em", "batch_size", 256, 256),
    ("cluster_trajectories", "em", "learning_rate", 3e-4, 3e-4),
    ("cluster_trajectories", "em", "start", "random", "random"),
    ("cluster_trajectories", "em", "refit_epochs", 0, 0),
    ("cluster_trajectories", "em_plain", "bias_epochs", 3, 3),
    ("cluster_trajectories", "em_plain", "pretrain_epochs", 20, 20),
    ("cluster_trajectories", "em_plain", "em_epochs", 60, 100),
    ("cluster_trajectories", "em_plain", "hidden_sizes", [64] * 3, [256] * 3),
    ("cluster_trajectories", "em_plain", "centred_epochs", 0, 0),
    ("cluster_trajectories", "em_plain", "patience", None, None),
    ("train_critics", None, "hidden_sizes", [64] * 3, [256] * 3),
    ("train_critics", None, "discount", 0.999, 0.99),
    ("train_critics", None, "q_steps", 200_000, 1_500_000),
    ("train_critics", None, "n_step", 1, 1),
    ("train_critics", None, "target_every", 2, 2),
    ("train_critics", None, "target_update_rate", 0.005, 0.005),
    ("train_critics", None, "value_epochs", 10, 40),
    ("train_critics", None, "batch_size", 256, 256),
    ("train_critics", None, "learning_rate", 3e-4, 3e-4),
    ("improve_clusters", "ppo", "num_epochs", 10, 100),
    ("improve_clusters", "ppo", "learning_rate", 3e-4, 3e-4),
    ("train_high_level", None, "hidden_sizes", [64] * 3, [256] * 3),
    ("train_high_level", None, "discount", 0.999, 0.99),
    ("train_high_level", None, "num_steps", 1_000_000, 1_000_000),
    ("train_high_level", None, "target_every", 500, 500),
    ("train_high_level", None, "expectile", 0.9, 0.7),
    ("train_high_level", None, "n_step", 3, 3),
    ("train_high_level", None, "learning_rate", 3e-4, 3e-4),
    ("evaluate", None, "in_distribution_ratio", 5, 5),
]
ROBOTS = ["hopper-medium-expert", "halfcheetah-medium-expert", "walker2d-medium-expert"]


@pytest.fixture(scope="module")
def paper() -> Recipes:
    return Recipes(*load([ROOT / "params.yaml", ROOT / "profiles/paper.yaml"]))


@pytest.mark.parametrize(("stage", "recipe", "setting", "didactic", "d4rl"), TABLE_4)
def test_jobs_of_the_paper_profile_have_the_settings_of_table_4(paper, stage, recipe, setting, didactic, d4rl):
    expected: dict[str, Any] = {"navigation": didactic, **dict.fromkeys(ROBOTS, d4rl)}
    found = {dataset: paper.job(stage, dataset, recipe).settings[setting] for dataset in expected}
    assert found == expected


@pytest.mark.parametrize("dataset", ["navigation", *ROBOTS])
def test_the_paper_profile_has_a_million_steps_of_each_behaviour(paper, dataset):
    settings = paper.job("generate_dataset", dataset).settings
    wanted = settings.get("steps_per_behaviour") or set(settings["behaviours"].values())
    assert wanted in (1_000_000, {1_000_000})

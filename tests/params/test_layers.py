"""Which of several written values counts, for settings and for ingredients."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from stages.errors import UserError
from tests.params.written import ROOT, recipes, refusal


def test_recipes_in_a_circle_are_refused(tmp_path: Path, params: dict[str, Any]) -> None:
    params["cluster_trajectories"] |= {"a": {"like": "b"}, "b": {"like": "a"}}
    with pytest.raises(UserError, match="like each other in a circle"):
        recipes(tmp_path, params)


def test_later_layers_win(tmp_path: Path, params: dict[str, Any]) -> None:
    """The recipe it is like < its own < the preset < the dataset's own settings."""
    params["cluster_trajectories"] = {
        "base": {"method": "em", "momentum": 0.1, "em_epochs": 1, "bias_epochs": 1, "batch_size": 1},
        "derived": {"like": "base", "batch_size": 5},
    }
    params["presets"] = {"p": {"cluster_trajectories": {"base": {"em_epochs": 2, "bias_epochs": 2, "batch_size": 2}}}}
    navigation = params["datasets"]["navigation"]
    for dataset in params["datasets"].values():
        dataset |= {"agents": [], "baselines": [], "clusterings": [], "safe": [], "settings": {}, "preset": None}
    navigation["preset"] = "p"
    navigation["settings"] = {"cluster_trajectories": {"base": {"bias_epochs": 3, "batch_size": 3}}}
    params |= {
        "agents": {},
        "offline_comparison": {},
        "ablation": None,
        "figure4": None,
        "k_sensitivity": None,
        "comparison": {},
    }
    params |= {"train_safe": {}, "safe_comparison": {}, "safe_studies": {}}
    found = recipes(tmp_path, params)
    names = ("momentum", "em_epochs", "bias_epochs", "batch_size")
    base, derived = (found.job("cluster_trajectories", "navigation", name).settings for name in ("base", "derived"))
    assert [base[name] for name in names] == [0.1, 2, 3, 3]
    assert [derived[name] for name in names] == [0.1, 2, 3, 5]
    navigation["settings"]["cluster_trajectories"]["derived"] = {"batch_size": 7}
    assert recipes(tmp_path, params).job("cluster_trajectories", "navigation", "derived").settings["batch_size"] == 7


def test_what_a_safe_recipe_is_made_from_is_not_a_setting(tmp_path: Path, params: dict[str, Any]) -> None:
    found = recipes(tmp_path, params)
    assert found.ingredients("train_safe", "swimmer-velocity", "bc_safe") == {}
    assert found.ingredients("train_safe", "swimmer-velocity", "trac_segments") == {"partition": "by_segment"}
    settings = found.job("train_safe", "swimmer-velocity", "trac_segments").settings
    assert "partition" not in settings
    assert settings == found.job("train_safe", "swimmer-velocity", "trac").settings


def test_ingredients_are_set_wherever_settings_are(tmp_path: Path, params: dict[str, Any]) -> None:
    """The recipe it is like < its own < the preset < the dataset's own settings; other datasets keep theirs."""
    params["train_safe"] |= {"variant": {"like": "trac"}, "other": {"like": "trac", "partition": "by_segment"}}
    params["presets"]["velocity"]["train_safe"]["trac"]["partition"] = "by_segment"
    datasets = params["datasets"]
    datasets["hopper-velocity"]["settings"] = {"train_safe": {"trac": {"partition": "long"}}}
    datasets["safe_navigation"]["settings"] = {"train_safe": {"variant": {"partition": "by_segment"}}}
    found = recipes(tmp_path, params)

    def partition(dataset: str, recipe: str) -> str:
        return found.ingredients("train_safe", dataset, recipe)["partition"]

    assert [partition(name, "trac") for name in ("safe_navigation", "swimmer-velocity", "hopper-velocity")] == [
        "by_episode", "by_segment", "long",
    ]  # fmt: skip
    assert [partition(name, "variant") for name in ("safe_navigation", "swimmer-velocity", "hopper-velocity")] == [
        "by_segment", "by_segment", "long",
    ]  # fmt: skip
    assert partition("hopper-velocity", "other") == "by_segment"
    assert found.table()["hopper-velocity"]["train_safe"]["trac"]["partition"] == "long"
    assert "partition" not in found.job("train_safe", "hopper-velocity", "trac").settings


def test_null_takes_an_ingredient_back(tmp_path: Path, params: dict[str, Any]) -> None:
    params["train_safe"]["plain"] = {"method": "bc_safe", "partition": None}
    assert recipes(tmp_path, params).ingredients("train_safe", "safe_navigation", "plain") == {}


@pytest.mark.parametrize(
    ("keys", "value", "said"),
    [
        ("presets.velocity.train_safe.trac.partition", "by_segmnt", "unknown recipe of partition_trajectories "),
        ("datasets.safe_navigation.settings.train_safe.trac.clusters", "manyy", "unknown recipe of cluster_trajectori"),
        ("datasets.safe_navigation.settings.train_safe.bc_safe.partition", "long", "bc_safe needs no partition. Leave"),
        ("presets.velocity.train_safe.caps.clusters", "many", "caps needs no clusters. Leave it out"),
        ("train_safe.bc_safe.partition", "long", "bc_safe needs no partition. Leave it out"),
        ("train_offline.bc.partition", "long", "unknown key"),
        ("safe_studies.sides.vary.clusters", ["many", "manyy"], "unknown recipe of cluster_trajectories 'manyy'"),
        ("presets.velocity.train_safe.trac.like", "caps", "unknown key"),
        ("presets.velocity.train_critics.like", "caps", "unknown key"),
        ("presets.velocity.train_safe.trac", 3, "should hold `key: value` lines"),
    ],
)
def test_an_ingredient_that_is_wrong_is_refused_where_it_stands(
    tmp_path: Path, params: dict[str, Any], keys: str, value: Any, said: str
) -> None:
    index = f".{len(value) - 1}" if isinstance(value, list) else ""
    assert refusal(tmp_path, params, keys, value).startswith(f"params.yaml: {keys}{index}: {said}")


def test_a_method_without_the_ingredient_of_what_it_is_like_is_refused(tmp_path: Path, params: dict[str, Any]) -> None:
    params["train_safe"]["base"] = {"method": "trac", "partition": "long"}
    said = refusal(tmp_path, params, "train_safe.cloning", {"like": "base", "method": "bc_safe"})
    assert said == "params.yaml: train_safe.base.partition: bc_safe needs no partition. Leave it out"


@pytest.mark.slow
def test_the_ingredient_of_a_dataset_is_the_input_of_its_job(tmp_path: Path, params: dict[str, Any]) -> None:
    for name in ("stages", "data", "profiles"):
        (tmp_path / name).symlink_to(ROOT / name)
    shutil.copy(ROOT / "Snakefile", tmp_path)
    params["presets"]["velocity"]["train_safe"]["trac"]["partition"] = "by_segment"
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params))
    targets = [f"results/safe/{name}-velocity/trac/seeds-0-2.safetensors" for name in ("hopper", "swimmer")]
    command = [sys.executable, "-m", "snakemake", "--dry-run", "--printshellcmds", *targets]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    commands = [line for line in done.stdout.splitlines() if "python -m stages.train_safe" in line]
    assert len(commands) == 2
    for dataset in ("hopper", "swimmer"):
        given = f"--given results/partitions/{dataset}-velocity/by_segment.safetensors"
        assert sum(given in line for line in commands) == 1

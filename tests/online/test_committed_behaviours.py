"""The policies that come with the project: their files, their manifests, and the recipes that would train them anew."""

import json
from pathlib import Path

import numpy as np
import pytest
import yaml

from stages.environments.loading import make
from stages.online.actors import Actors
from stages.online.ladder import run
from stages.online.settings import LEVELS, BehaviourSettings
from stages.online.training import OnlineJob

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / "data/behaviours").glob("*.safetensors"))
ROBOTS = [path for path in FILES if not path.stem.startswith("Safety")]
SNAPSHOTS = sorted((ROOT / "data/behaviours/snapshots").glob("*.safetensors"))
SNAPSHOT_RECIPES = yaml.safe_load((ROOT / "profiles/replay.yaml").read_text())["train_behaviours"]
RECIPES = {
    name: recipe
    for path in ("params.yaml", "profiles/bullet.yaml")
    for name, recipe in yaml.safe_load((ROOT / path).read_text())["train_behaviours"].items()
}
BULLET = ("SafetyBallRun-v0", "SafetyCarRun-v0")  # their simulator is an optional extra
HOPPER_RUNS = ("careful", "fast")  # two trainings whose policies lie in one file


def manifest(path: Path) -> dict:
    return json.loads(path.with_suffix(".json").read_text())


def name_of(path: Path) -> str:
    return path.stem


@pytest.mark.parametrize("path", FILES + SNAPSHOTS, ids=name_of)
def test_files_fit_their_task_and_their_manifest(path):
    if path.stem in BULLET:
        pytest.importorskip("bullet_safety_gym")
    actors, environment = Actors.load(path), make(path.stem)
    assert actors.ensemble.sizes[0] == environment.observation_size
    assert actors.ensemble.sizes[-1] == 2 * environment.action_size
    assert list(actors.names) == list(manifest(path)["behaviours"])
    assert path.stat().st_size < 1_000_000
    environment.close()


@pytest.mark.parametrize("path", ROBOTS, ids=name_of)
def test_robots_have_the_three_levels(path):
    found = manifest(path)["behaviours"]
    assert list(found) == list(LEVELS)
    for level, (low, high) in LEVELS.items():
        assert low <= found[level]["d4rl_score"] <= (np.inf if high is None else high)


@pytest.mark.parametrize("path", ROBOTS, ids=name_of)
def test_experts_earn_what_the_manifest_says(path):
    expert, environment = Actors.load(path).select(["expert"]), make(path.stem)
    returns = run(OnlineJob(path.stem), environment, expert, 4, "test").episode_returns
    assert np.median(returns) == pytest.approx(manifest(path)["behaviours"]["expert"]["mean_return"], rel=0.15)
    environment.close()


@pytest.mark.parametrize("name", RECIPES)
def test_params_hold_the_settings_they_were_trained_with(name):
    run_name = next((run for run in HOPPER_RUNS if name.endswith(run)), None)
    settings = manifest(ROOT / f"data/behaviours/{name.removesuffix(f'-{run_name}')}.safetensors")["settings"]
    settings = settings[run_name] if run_name else settings
    recipe = BehaviourSettings.model_validate(RECIPES[name])
    assert recipe.learner == BehaviourSettings(environment=settings["environment"], learner=settings["learner"]).learner
    assert recipe.seed == settings["seed"]
    assert recipe.environment_settings.get("max_episode_steps", 1000) == settings["environment_settings"].get(
        "max_episode_steps", 1000
    )


@pytest.mark.parametrize("path", SNAPSHOTS, ids=name_of)
def test_snapshots_have_a_recipe_and_lie_in_the_order_of_their_training(path):
    recipe = BehaviourSettings.model_validate(SNAPSHOT_RECIPES[f"{path.stem}-snapshots"]).model_dump(mode="json")
    assert recipe == manifest(path)["settings"]
    steps = [int(name.removeprefix("step ")) for name in Actors.load(path).names]
    assert steps == sorted(steps) and len(steps) == 10


def test_every_file_has_a_recipe():
    trained = {name.removesuffix("-careful").removesuffix("-fast") for name in RECIPES}
    assert {path.stem for path in FILES} == trained

import json

import numpy as np
import pytest
from pydantic import ValidationError

from stages.errors import UserError
from stages.online.actors import Actors
from stages.online.behaviours import train_behaviours
from stages.online.ladder import Rung, climb
from stages.online.settings import LEVELS, BehaviourSettings, LadderSettings


def test_levels_are_the_nearest_to_the_middle_and_the_best():
    scores = np.array([2.0, 16.0, 27.0, 34.0, 64.0, 55.0, 91.0, 97.0, 93.0])
    assert climb(scores, LEVELS) == [Rung("low", 2), Rung("medium", 5), Rung("expert", 7)]


def test_a_level_nobody_reached_stays_empty():
    assert climb(np.array([10.0, 50.0]), LEVELS) == [Rung("low", None), Rung("medium", 1), Rung("expert", None)]


def test_empty_ranges_are_refused():
    with pytest.raises(ValidationError, match="range of level 'low' is empty"):
        LadderSettings(levels={"low": (30, 20)})


def settings(**ladder):
    learner = {"method": "sac", "num_steps": 40, "snapshot_every": 20, "num_robots": 2, "random_steps": 20,
               "hidden_sizes": [8, 8], "batch_size": 8}  # fmt: skip
    return BehaviourSettings(environment="Hopper-v4", learner=learner, ladder=LadderSettings(episodes=3, **ladder))


def test_behaviours_and_manifest_are_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = train_behaviours(settings(levels={"poor": (-50, 30), "expert": (90, None)}), "hopper.safetensors", "cpu")
    assert "poor: step" in words and "expert: no snapshot lies in its range" in words
    actors, manifest = Actors.load("hopper.safetensors"), json.loads((tmp_path / "hopper.json").read_text())
    assert actors.names == ("poor",) and manifest["missing"] == ["expert"]
    assert list(manifest["snapshots"]) == ["step 20", "step 40"]
    assert manifest["settings"]["learner"]["hidden_sizes"] == [8, 8]
    poor = manifest["behaviours"]["poor"]
    assert poor["min_return"] <= poor["mean_return"] <= poor["max_return"]


def test_without_levels_all_snapshots_are_kept_with_their_costs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    learner = {"method": "random_search", "num_steps": 60, "num_directions": 2, "num_best": 1, "num_snapshots": 3}
    chosen = BehaviourSettings(
        environment="SafetySwimmerVelocity-v1",
        environment_settings={"max_episode_steps": 10},
        learner=learner,
        ladder=LadderSettings(levels=None, episodes=2),
    )
    words = train_behaviours(chosen, "swimmer.safetensors", "cpu")
    actors, manifest = Actors.load("swimmer.safetensors"), json.loads((tmp_path / "swimmer.json").read_text())
    assert len(actors.names) == 3 and list(manifest["behaviours"]) == list(actors.names)
    assert all(facts["mean_cost"] >= 0 for facts in manifest["behaviours"].values())
    assert words.count("kept, return") == 3


def test_a_training_that_reached_nothing_says_so(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="no snapshot reached any level"):
        train_behaviours(settings(levels={"expert": (90, None)}), "hopper.safetensors", "cpu")
    assert not list(tmp_path.glob("hopper*"))


def test_an_unknown_learner_is_refused():
    with pytest.raises(UserError, match="unknown online learner 'sca'"):
        BehaviourSettings(environment="Hopper-v4", learner={"method": "sca"})

import json

import numpy as np
import pytest
import torch

from stages.artifacts import Artifact
from stages.errors import UserError
from stages.networks.ensemble import Ensemble
from stages.online.actors import Actors, joined


def actors(name="one", seed=0, squashed=True, hidden=(4,)):
    ensemble = Ensemble((3, *hidden, 2 * 2))
    parameters = ensemble.initialise([np.random.default_rng(seed)])
    mean, std = torch.full((1, 3), float(seed)), torch.full((1, 3), 2.0)
    return Actors((name,), ensemble, parameters, mean, std, squashed)


@pytest.mark.parametrize("hidden", [(4,), ()])
def test_joined_policies_act_as_each_did_alone(hidden):
    parts = [actors(seed=seed, hidden=hidden) for seed in range(3)]
    together = joined(parts, ["low", "medium", "expert"])
    observations, noise = torch.randn(3, 5, 3, generator=torch.Generator().manual_seed(0)), torch.zeros(3, 5, 2)
    found = together.act(observations, noise)
    for i, part in enumerate(parts):
        torch.testing.assert_close(found[i], part.act(observations[i : i + 1], noise[:1])[0])
    torch.testing.assert_close(together.select(["expert", "low"]).act(observations[[2, 0]], noise[:2]), found[[2, 0]])


def test_actions_stay_in_the_box():
    observations, noise = 100 * torch.ones(1, 2, 3), torch.full((1, 2, 2), 50.0)
    for squashed in (True, False):
        assert actors(squashed=squashed).act(observations, noise).abs().max() <= 1


def test_files_hold_policies_and_a_manifest_to_read(tmp_path):
    path = tmp_path / "robot.safetensors"
    actors().save(path, {"environment": "robot"})
    again = Actors.load(path)
    assert again.names == ("one",) and again.squashed
    assert torch.equal(again.parameters, actors().parameters)
    assert json.loads(path.with_suffix(".json").read_text()) == {"environment": "robot"}


def test_other_files_are_refused(tmp_path):
    Artifact({"x": torch.zeros(1)}, {"kind": "offline"}).save(tmp_path / "other.safetensors")
    with pytest.raises(UserError, match="holds no behaviours"):
        Actors.load(tmp_path / "other.safetensors")


def test_an_unknown_behaviour_is_refused():
    with pytest.raises(UserError, match="unknown behaviour 'expert'"):
        actors().select(["expert"])

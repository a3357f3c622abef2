import json
from dataclasses import replace

import numpy as np
import pytest
from pydantic import ValidationError

from stages.datasets.recordings import recording_of_episode
from stages.errors import UserError
from stages.generators.trained_behaviours import TrainedBehaviourSettings, generate
from stages.networks.ensemble import Ensemble
from stages.online.actors import Actors

# The least that makes sense, for the tests that every method has to pass.
SMALLEST = [
    TrainedBehaviourSettings(environment="Hopper-v4", behaviours={"medium": 300, "expert": 300, "random": 100}),
]


@pytest.fixture
def actors(tmp_path):
    """Two linear policies for Hopper: one pushes all joints one way, the other the other way."""
    import torch

    ensemble = Ensemble((11, 6), num_members=2)
    parameters = torch.zeros(ensemble.num_parameters)
    bias = ensemble.views(parameters)[1]
    bias[0, 0, :3], bias[1, 0, :3] = 0.5, -0.5
    bias[:, 0, 3:] = -2.0
    path = tmp_path / "hopper.safetensors"
    statistics = torch.zeros(2, 11), torch.ones(2, 11)
    made = Actors(("pushes", "pulls"), ensemble, parameters, *statistics, squashed=False)
    made.save(path, {"behaviours": {"pushes": {"mean_return": 1.5}, "pulls": {}}})
    return str(path)


def settings(actors, **values):
    return TrainedBehaviourSettings(environment="Hopper-v4", actors=actors, **values)


def test_each_behaviour_records_whole_episodes_under_its_name(actors):
    dataset = generate(settings(actors, behaviours={"pulls": 300, "random": 200, "pushes": 300}))
    assert dataset.behaviour_policy_names == ("pulls", "random", "pushes")
    assert dataset.environment == "Hopper-v4"
    steps = np.bincount(dataset.behaviour_policy, dataset.episode_lengths)
    assert (steps >= [300, 200, 300]).all() and (steps < [500, 400, 500]).all()
    means = [dataset.actions[dataset.behaviour_policy[dataset.episode_of_step] == z].mean() for z in range(3)]
    np.testing.assert_allclose(means, [-0.5, 0.0, 0.5], atol=0.1)
    assert json.loads(dataset.attributes["behaviours"])["pushes"] == {"mean_return": 1.5}


def test_episodes_are_counted_where_that_is_asked(actors):
    amounts = {"pulls": 3, "pushes": 5}
    dataset = generate(settings(actors, behaviours=amounts, counted="episodes"))
    assert np.bincount(dataset.behaviour_policy).tolist() == [3, 5]
    longer = generate(settings(actors, behaviours={"pulls": 300}))
    first = dataset.episode_lengths[:3].sum()
    np.testing.assert_array_equal(dataset.observations[:first], longer.observations[:first])


def test_more_of_one_behaviour_leaves_the_others_as_they_were(actors):
    few = generate(settings(actors, behaviours={"pulls": 100, "pushes": 100}))
    more = generate(settings(actors, behaviours={"pulls": 200, "pushes": 100}))
    actions = [d.actions[d.behaviour_policy[d.episode_of_step] == 1] for d in (few, more)]
    np.testing.assert_array_equal(*actions)
    np.testing.assert_array_equal(few.observations[:100], more.observations[:100])


def test_behaviours_of_one_learner_lie_in_the_order_of_its_recording(actors):
    apart = generate(settings(actors, behaviours={"pulls": 100, "pushes": 100}))
    ordered = generate(settings(actors, behaviours={"pulls": 100, "pushes": 100}, one_recording=True))
    assert recording_of_episode(apart) is None
    np.testing.assert_array_equal(recording_of_episode(ordered), np.zeros(ordered.num_episodes))
    np.testing.assert_array_equal(apart.observations, ordered.observations)


def test_without_noise_policies_act_by_their_mode(actors):
    dataset = generate(settings(actors, behaviours={"pushes": 50}, noise=0))
    np.testing.assert_array_equal(dataset.actions, np.float32(0.5))


def test_an_unknown_behaviour_is_refused(actors):
    with pytest.raises(UserError, match=r"no behaviour .push.*pushes"):
        generate(settings(actors, behaviours={"push": 50}))


def test_behaviours_of_another_task_are_refused(actors):
    with pytest.raises(UserError, match="made for another task than Walker2d-v4"):
        generate(TrainedBehaviourSettings(environment="Walker2d-v4", actors=actors, behaviours={"pushes": 50}))


def test_the_behaviours_of_the_project_are_the_default():
    assert TrainedBehaviourSettings(environment="Hopper-v4", behaviours={"random": 1}).actors == (
        "data/behaviours/Hopper-v4.safetensors"
    )
    with pytest.raises(ValidationError):
        TrainedBehaviourSettings(environment="Hopper-v4", behaviours={"random": 0})


def test_an_expert_that_is_no_better_than_the_medium_behaviour_is_refused(actors, tmp_path):
    """Of two policies, one is better: called expert it is recorded, called medium it makes the other one no expert."""
    refused = []
    for names in (("medium", "expert"), ("expert", "medium")):
        path = tmp_path / f"{names[0]}.safetensors"
        replace(Actors.load(actors), names=names).save(path, {"behaviours": {}})
        try:
            generate(settings(str(path), behaviours={"medium": 100, "expert": 100}))
        except UserError as error:
            refused.append(str(error))
    assert len(refused) == 1 and "no expert level above the medium one: their mean returns" in refused[0]

import json

import numpy as np
import pytest

from stages.environments.loading import make
from stages.environments.recording import record
from stages.errors import UserError
from stages.generators.safe_velocity import SafeVelocitySettings, generate
from stages.online.actors import joined
from stages.online.ladder import sampling
from stages.online.random_search import gaussian_policy

# The least that makes sense, for the tests that every method has to pass.
SMALLEST = [
    SafeVelocitySettings(environment="SafetySwimmerVelocity-v1", episodes_per_behaviour=1, horizon=30),
]

SWIMMER = "SafetySwimmerVelocity-v1"


@pytest.fixture
def settings(tmp_path):
    """Two policies of the swimmer that hardly move, and one that drifts."""
    random = np.random.default_rng(0)
    policies = [gaussian_policy("p", scale * random.normal(size=(9, 2)), 0.1) for scale in (0.01, 0.1, 1)]
    joined(policies, ["still", "calm", "lively"]).save(tmp_path / "a.safetensors", {})
    return {"environment": SWIMMER, "actors": str(tmp_path / "a.safetensors"), "horizon": 60}


def test_every_policy_records_whole_episodes_with_costs(settings):
    dataset = generate(SafeVelocitySettings(**settings, episodes_per_behaviour=3))
    assert dataset.behaviour_policy_names == ("still", "calm", "lively")
    assert np.bincount(dataset.behaviour_policy).tolist() == [3, 3, 3]
    assert (dataset.episode_lengths == 60).all() and dataset.truncations.sum() == 9
    assert dataset.environment == SWIMMER
    assert json.loads(dataset.attributes["environment_settings"]) == {"max_episode_steps": 60}
    velocity = dataset.next_observations[:, 3:5]
    assert set(np.unique(dataset.costs)) <= {0.0, 1.0}
    assert np.abs(velocity[dataset.costs == 0]).mean() < np.abs(velocity).max()


def test_noises_are_behaviours_of_their_own_and_thinning_applies(settings):
    grid = {"cost_cells": 1, "return_cells": 1, "most_per_cell": 4}
    chosen = SafeVelocitySettings(**settings, episodes_per_behaviour=2, noises=[1, 3], thinning=grid)
    dataset = generate(chosen)
    assert dataset.behaviour_policy_names[:2] == ("still", "still, noise x 3")
    assert dataset.num_episodes == 4
    again = generate(chosen)
    np.testing.assert_array_equal(dataset.observations, again.observations)
    np.testing.assert_array_equal(dataset.behaviour_policy, again.behaviour_policy)


def test_actions_are_stretched_to_the_box_of_the_task():
    environment = make("SafetyHumanoidVelocity-v1", {"max_episode_steps": 2})
    still = gaussian_policy("still", np.vstack([np.zeros((376, 17)), np.full(17, -0.5)]), 0.1)
    policy = sampling(still, environment, scale=0.0)
    recorded = record(environment, policy, seed=0, purpose="test", num_episodes=1, side_by_side=1)
    np.testing.assert_allclose(recorded.actions, -0.2, rtol=1e-6)
    environment.close()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"environment": "SafetyHopperVelocity-v1"}, "made for another task than SafetyHopperVelocity-v1"),
        ({"environment": "Hopper-v4"}, "Hopper-v4: has no costs.*`behaviours`"),
        ({"actors": "nowhere.safetensors"}, "nowhere.safetensors: no behaviours of Safety.*train_behaviours"),
    ],
)
def test_what_does_not_fit_gets_one_line(settings, change, message):
    with pytest.raises(UserError, match=message):
        generate(SafeVelocitySettings(**settings | change))


def test_the_file_of_behaviours_is_that_of_the_environment():
    assert SafeVelocitySettings().actors == f"data/behaviours/{SWIMMER}.safetensors"
    chosen = SafeVelocitySettings(environment="SafetyHopperVelocity-v1")
    assert chosen.actors == "data/behaviours/SafetyHopperVelocity-v1.safetensors"

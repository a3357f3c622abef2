import json

import numpy as np
import pytest

from stages.environments.dsrl import task_of
from stages.environments.safe_navigation import SafeNavigation, SafeNavigationSettings
from stages.generators.safe_navigation import SafeNavigationBehavioursSettings, generate

# The least that makes sense, for the tests that every method has to pass.
SMALLEST = [
    SafeNavigationBehavioursSettings(steps_per_behaviour=200),
]


@pytest.fixture(scope="module")
def dataset():
    return generate(SafeNavigationBehavioursSettings(steps_per_behaviour=1500))


def test_episodes_cover_the_plane_of_return_and_cost(dataset):
    returns, costs = dataset.episode_returns, dataset.episode_costs
    limits = task_of("safe_navigation").cost_limits
    for low, high in zip((0.0, *limits), (*limits, 2 * limits[-1]), strict=True):
        assert ((costs >= low) & (costs <= high)).mean() > 0.05
    assert costs.max() > 2 * limits[-1] and (costs == 0).mean() > 0.1
    best = [returns[costs <= limit].max() for limit in (0.0, *limits, np.inf)]
    assert (np.diff(best) >= 5).all()
    assert returns[costs == 0].min() < -250


def test_rewards_and_costs_are_the_environments(dataset):
    task = SafeNavigation(SafeNavigationSettings())
    task.position = dataset.observations.astype(float)
    step = task.step(dataset.actions.astype(float))
    np.testing.assert_allclose(step.observations, dataset.next_observations, atol=1e-5)
    for simulated, recorded in ((step.rewards, dataset.rewards), (step.costs, dataset.costs)):
        assert (simulated != recorded).mean() < 1e-3  # Rounding to float32 may move a point over a border.
    assert set(np.unique(dataset.rewards)) == {-1.0, 0.0}


def test_every_episode_says_who_walked_and_where(dataset):
    assert len(dataset.behaviour_policy_names) == 31
    assert np.bincount(dataset.behaviour_policy).min() > 0
    assert dataset.environment == "safe_navigation"
    settings = json.loads(dataset.attributes["environment_settings"])
    assert SafeNavigationSettings(**settings) == SafeNavigationSettings()
    assert dataset.terminations.sum() == dataset.num_episodes

import json

import numpy as np
import pytest
from scipy.stats import norm

from stages.generators.pathfollowing import PathfollowingDataSettings, generate, log_likelihood, mean_action
from tests.synthetic import dataset_of

# The least that makes sense, for the tests that every method has to pass.
SMALLEST = [
    PathfollowingDataSettings(episodes={"direct": 5, "lu": 5}),
]

PATHS = ("direct", "lu", "dr")


def settings(episodes=300, **more):
    return PathfollowingDataSettings(episodes=dict.fromkeys(PATHS, episodes), **more)


@pytest.fixture(scope="module")
def recorded():
    return generate(settings())


def positions(dataset, policy):
    """``[episodes, time, 2]`` positions after each step."""
    rows = dataset.behaviour_policy[dataset.episode_of_step] == PATHS.index(policy)
    return dataset.next_observations[rows, :2].reshape(-1, 20, 2)


def test_episodes_are_clean_and_twenty_steps_long(recorded):
    assert (recorded.episode_lengths == 20).all() and recorded.num_episodes == 900
    assert not recorded.terminations.any() and recorded.truncations.sum() == 900
    assert np.abs(recorded.actions).max() <= 1
    assert (np.abs(recorded.observations[recorded.episode_starts, :2] + 1) <= 0.2 + 1e-6).all()


def test_paths_are_kept_and_all_reach_the_goal(recorded):
    for policy in PATHS:
        assert np.linalg.norm(positions(recorded, policy)[:, -1] - 1, axis=1).mean() < 0.2
    early = {policy: positions(recorded, policy)[:, 4].mean(axis=0) for policy in PATHS}
    assert early["lu"][0] < -0.7 and early["lu"][1] > -0.2
    np.testing.assert_allclose(early["lu"], early["dr"][::-1], atol=0.05)
    np.testing.assert_allclose(early["direct"][0], early["direct"][1], atol=0.05)


def test_the_policies_meet_after_the_turn():
    states = np.random.default_rng(0).uniform([0.3, 0.3, -1, -1], [1, 1, 1, 1], (50, 4))
    np.testing.assert_array_equal(mean_action("lu", states), mean_action("direct", states))
    np.testing.assert_array_equal(mean_action("dr", states), mean_action("direct", states))
    start = np.array([[-1.0, -1.0, 0.0, 0.0]])
    assert len({mean_action(path, start).tobytes() for path in PATHS}) == 3


def test_the_likelihood_is_that_of_clipped_normals():
    state, actions = np.array([[0.9, 0.9, 0, 0]] * 3), np.array([[0.1, 0.4], [1, 0.4], [-1, 1]])
    mean = mean_action("direct", state)[0, 0]
    episodes = dataset_of(state, actions, np.zeros(3), [1, 2])
    inside = [norm.logpdf(value, mean, 0.5) for value in (0.1, 0.4)]
    above, below = np.log(1 - norm.cdf((1 - mean) / 0.5)), norm.logcdf((-1 - mean) / 0.5)
    expected = [[sum(inside)], [above + inside[1] + below + above]]
    np.testing.assert_allclose(log_likelihood(episodes, ("direct",), 0.5), expected, rtol=1e-5)


@pytest.mark.parametrize(("noise", "lowest", "highest"), [(0.3, 0.99, 1.0), (1.0, 0.75, 0.92)])
def test_noise_lowers_the_ceiling(noise, lowest, highest):
    ceiling = json.loads(generate(settings(noise=noise)).attributes["oracle_ceiling"])
    assert lowest <= ceiling["nmi"] == ceiling["nmi_best_ties"] <= highest


def test_more_episodes_leave_the_first_as_they_were(recorded):
    few = generate(settings(10))
    same = recorded.select(np.flatnonzero(np.arange(900) % 300 < 10))
    np.testing.assert_array_equal(few.observations, same.observations)
    np.testing.assert_array_equal(few.actions, same.actions)


def test_observations_may_be_the_published_ones(recorded):
    published = generate(settings(10, environment={"observations": "published"}))
    assert published.observations.shape == (600, 10)
    assert published.attributes["oracle_ceiling"] == generate(settings(10)).attributes["oracle_ceiling"]

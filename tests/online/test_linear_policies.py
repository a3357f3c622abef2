import numpy as np

from stages.environments.loading import make
from stages.online.linear_policies import RunningMoments, on_raw_observations, try_out


def test_moments_of_parts_are_those_of_the_whole():
    values = np.random.default_rng(0).normal(3, 2, (50, 4))
    moments = RunningMoments(4)
    np.testing.assert_array_equal(moments.std, 1)
    for part in np.split(values, [7, 8, 30]):
        moments.add(part)
    np.testing.assert_allclose(moments.mean, values.mean(0))
    np.testing.assert_allclose(moments.std, values.std(0))


def test_weights_for_raw_observations_give_the_same_actions():
    random = np.random.default_rng(1)
    moments = RunningMoments(3)
    moments.add(random.normal(5, 3, (40, 3)))
    weights, seen = random.normal(size=(2, 3, 2)), random.normal(5, 3, 3)
    raw = on_raw_observations(weights, moments)
    np.testing.assert_allclose(
        np.append(seen, 1) @ raw, (seen - moments.mean) / moments.std @ weights, rtol=1e-9, atol=1e-12
    )


def test_episodes_add_up_until_they_end():
    """Straight walks over the diagonal and along the edge, which takes longer than there is time."""
    environment = make("safe_navigation", {"start_size": 0.0, "max_episode_steps": 150})
    weights = np.zeros((2, 3, 2))
    weights[0, -1], weights[1, -1] = (1.0, 1.0), (0.0, 1.0)
    moments = RunningMoments(2)
    outcome = try_out(environment, weights, moments, np.random.default_rng(0))
    assert outcome.lengths.tolist() == [100, 150]
    assert outcome.returns.tolist() == [-99, -150]
    assert outcome.costs[0] > 40 and outcome.costs[1] == 0
    assert moments.sums[0].tolist() == [250, 250]

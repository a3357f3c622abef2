import numpy as np
import pytest

from stages.environments.pathfollowing import Pathfollowing, PathfollowingSettings


def test_forces_push_and_friction_slows():
    task = Pathfollowing(PathfollowingSettings())
    start = task.reset(20_000, np.random.default_rng(0))
    following = task.step(np.tile([1.0, -5.0], (20_000, 1))).observations
    velocity = following[:, 2:]
    np.testing.assert_allclose(following[:, :2], start[:, :2] + velocity, atol=1e-12)
    np.testing.assert_allclose(velocity.mean(axis=0), [0.099, -0.099], atol=3e-4)
    np.testing.assert_allclose(velocity.std(axis=0), 0.0099, rtol=0.03)
    later = task.step(np.zeros((20_000, 2))).observations[:, 2:]
    np.testing.assert_allclose(later.mean(axis=0), 0.99 * velocity.mean(axis=0), atol=3e-4)


def test_starts_lie_around_the_corner_at_rest():
    start = Pathfollowing(PathfollowingSettings()).reset(1000, np.random.default_rng(0))
    assert (np.abs(start[:, :2] + 1) <= 0.2).all() and (start[:, 2:] == 0).all()


@pytest.mark.parametrize(
    ("path", "position", "reward"),
    [
        ("direct", (1, 1), 0),
        ("direct", (1, -1), -2),
        ("lu", (1, -1), -2 - 5 * 2),
        ("dr", (1, -1), -2),
        ("lu", (-1, 0.5), -np.sqrt(4.25)),
        ("dr", (0, 0), -np.sqrt(2) - 5),
        ("direct", (4, 1), -3 - (np.sqrt(17) - 2) ** 2),
    ],
)
def test_rewards_are_the_published_ones(path, position, reward):
    task = Pathfollowing(PathfollowingSettings(path=path))
    assert task.reward(np.array([position], dtype=float))[0] == pytest.approx(reward)


def test_the_published_observation_adds_constants():
    task = Pathfollowing(PathfollowingSettings(observations="published"))
    seen = task.reset(3, np.random.default_rng(0))
    np.testing.assert_array_equal(seen[:, 4:], np.tile([1, 1, 10, 0, -10, 0], (3, 1)))
    compact = Pathfollowing(PathfollowingSettings()).reset(3, np.random.default_rng(0))
    np.testing.assert_array_equal(seen[:, :4], compact)

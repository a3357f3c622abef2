import gymnasium
import numpy as np
import pytest

from stages.environments.loading import make
from stages.errors import UserError


@pytest.fixture
def hopper():
    environment = make("Hopper-v4")
    yield environment
    environment.close()


def roll(environment, num_agents, steps, seed=0):
    """Observations and rewards of random actions, stacked over time."""
    observations = [environment.reset(num_agents, np.random.default_rng(seed))]
    rewards, terminated = [], []
    random = np.random.default_rng(seed + 1)
    for _ in range(steps):
        step = environment.step(random.uniform(-1, 1, (num_agents, environment.action_size)))
        for values, new in zip((observations, rewards, terminated), step, strict=False):
            values.append(new)
    return np.stack(observations), np.stack(rewards), np.stack(terminated)


def test_the_same_seed_gives_the_same_rollout_again_and_in_a_new_environment(hopper):
    first, again = roll(hopper, 3, 40), roll(hopper, 3, 40)
    fresh = roll(make("Hopper-v4"), 3, 40)
    for a, b, c in zip(first, again, fresh, strict=True):
        assert a.tobytes() == b.tobytes() == c.tobytes()
    assert not np.array_equal(first[0][0], roll(hopper, 3, 1, seed=5)[0][0])


def test_steps_are_gymnasiums(hopper):
    """One agent gets what Gymnasium's own environment gives for the same start and actions."""
    random = np.random.default_rng(3)
    observations = hopper.reset(1, random)
    with pytest.warns(DeprecationWarning):
        reference = gymnasium.make("Hopper-v4")
    start, _ = reference.reset(seed=int(np.random.default_rng(3).integers(2**31, size=1)[0]))
    np.testing.assert_array_equal(observations[0], start)
    total = expected = 0.0
    for _ in range(200):
        action = random.uniform(-1, 1, (1, 3))
        observations, rewards, terminated, _ = hopper.step(action)
        observation, reward, ended, _, _ = reference.step(action[0])
        total, expected = total + rewards[0], expected + reward
        np.testing.assert_array_equal(observations[0], observation)
        assert terminated[0] == ended
        if ended:
            break
    assert total == expected and terminated[0]


def test_fallen_agents_are_left_alone(hopper):
    observations, rewards, terminated = roll(hopper, 8, 120)
    assert terminated[-1].all()
    for agent in range(8):
        end = int(np.argmax(terminated[:, agent]))
        assert terminated[end:, agent].all()
        assert (rewards[end + 1 :, agent] == 0).all()
        assert (observations[end + 1 :, agent] == observations[end + 1, agent]).all()


def test_too_large_actions_are_clipped(hopper):
    hopper.reset(1, np.random.default_rng(0))
    large = hopper.step(np.full((1, 3), 7.0))
    hopper.reset(1, np.random.default_rng(0))
    for a, b in zip(large[:3], hopper.step(np.ones((1, 3)))[:3], strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    ("environment_id", "observation", "action"),
    [
        ("Hopper-v5", 11, 3),
        ("HalfCheetah-v4", 17, 6),
        ("Walker2d-v4", 17, 6),
        ("Ant-v4", 27, 8),
        ("Ant-v5", 105, 8),
    ],
)
def test_sizes(environment_id, observation, action):
    environment = make(environment_id)
    assert (environment.observation_size, environment.action_size) == (observation, action)
    assert environment.max_episode_steps == 1000
    environment.close()


def test_options_reach_the_task():
    assert make("Ant-v4", {"options": {"use_contact_forces": True}}).observation_size == 111


def test_unknown_options_are_refused():
    with pytest.raises(UserError, match=r"options: not for Hopper-v4 .*'wings'"):
        make("Hopper-v4", {"options": {"wings": 2}})

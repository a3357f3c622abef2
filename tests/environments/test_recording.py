import numpy as np

from stages.environments.base import Step, VectorEnvironment
from stages.environments.recording import record


class Countdown(VectorEnvironment):
    """Agents start at a random whole number and count down to 0; costs are the number left."""

    has_costs = True
    max_episode_steps = 6
    observation_low, observation_high = np.zeros(1), np.full(1, 10.0)
    action_low, action_high = -np.ones(1), np.ones(1)

    def reset(self, num_agents, generator):
        self.left = generator.integers(1, 10, num_agents).astype(float)
        return self.left[:, None].copy()

    def step(self, actions):
        self.left = self.left - 1
        return Step(self.left[:, None].copy(), -np.ones(len(actions)), self.left == 0, self.left.copy())


def policy(observations, random):
    return random.uniform(-1, 1, (len(observations), 1))


def recorded(**wanted):
    return record(Countdown(), policy, seed=0, purpose="test", side_by_side=7, **wanted)


def test_episodes_run_from_their_start_to_their_end():
    dataset = recorded(num_episodes=20)
    assert dataset.num_episodes == 20
    for start, end in zip(dataset.episode_starts, dataset.episode_ends, strict=True):
        left = dataset.observations[start:end, 0]
        np.testing.assert_array_equal(left, left[0] - np.arange(end - start))
        np.testing.assert_array_equal(dataset.next_observations[start:end, 0], left - 1)
        np.testing.assert_array_equal(dataset.costs[start:end], left - 1)
        assert dataset.terminations[end - 1] == (left[0] <= 6) and dataset.truncations[end - 1] == (left[0] > 6)
        assert end - start == min(left[0], 6)


def test_longer_recordings_begin_with_shorter_ones():
    short, long = recorded(num_steps=40), recorded(num_steps=90)
    assert short.num_steps >= 40 > short.num_steps - short.episode_lengths[-1]
    np.testing.assert_array_equal(short.actions, long.actions[: short.num_steps])
    np.testing.assert_array_equal(short.observations, long.observations[: short.num_steps])

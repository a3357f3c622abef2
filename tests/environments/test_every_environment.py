"""What holds for every registered environment; small ones in full, robots by one of each version."""

import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from stages.environments.gymnasium_adapter import GymnasiumAdapter
from stages.environments.loading import make
from stages.registry import ENVIRONMENTS


@pytest.fixture(params=ENVIRONMENTS.names())
def environment(request):
    made = make(request.param)
    yield made
    made.close()


@pytest.mark.filterwarnings("ignore:.*:UserWarning")
def test_gymnasium_accepts_it(environment):
    check_env(GymnasiumAdapter(environment), skip_render_check=True)


def test_starts_and_steps_depend_on_the_generator_alone(environment):
    low, high = environment.action_low, environment.action_high
    actions = np.random.default_rng(1).uniform(low, high, (5, 2, len(low)))

    def roll():
        return [environment.reset(2, np.random.default_rng(0)), *(environment.step(action) for action in actions)]

    for first, second in zip(roll(), roll(), strict=True):
        for a, b in zip(np.atleast_1d(*first), np.atleast_1d(*second), strict=True):
            np.testing.assert_array_equal(a, b)


def test_more_agents_leave_the_first_start_as_it_was(environment):
    few = environment.reset(1, np.random.default_rng(0))
    many = environment.reset(4, np.random.default_rng(0))
    np.testing.assert_array_equal(few[0], many[0])
    assert many.shape == (4, environment.observation_size)
    assert not np.array_equal(many[0], many[1])


def test_the_time_limit_truncates(environment):
    adapter = GymnasiumAdapter(environment)
    adapter.reset(seed=0)
    adapter.elapsed = environment.max_episode_steps - 1
    *_, terminated, truncated, _ = adapter.step(np.zeros(environment.action_size, dtype=np.float32))
    assert truncated and not terminated

"""What holds for every registered environment; small ones in full, robots by one of each version."""

import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from stages.environments import ENVIRONMENTS
from stages.environments.gymnasium_adapter import GymnasiumAdapter
from stages.environments.loading import make
from stages.errors import UserError


@pytest.fixture(params=ENVIRONMENTS.names())
def environment(request):
    try:
        made = make(request.param)
    except UserError as error:
        if "package that is missing" not in error.cause:
            raise
        pytest.skip(str(error))
    yield made
    made.close()


def random_actions(environment, shape):
    """Actions of the environment's kind."""
    random = np.random.default_rng(1)
    if environment.num_actions is not None:
        return random.integers(environment.num_actions, size=shape)
    low, high = environment.action_low, environment.action_high
    return random.uniform(low, high, (*shape, len(low)))


@pytest.mark.filterwarnings("ignore:.*:UserWarning")
def test_gymnasium_accepts_it(environment):
    check_env(GymnasiumAdapter(environment), skip_render_check=True)


def test_starts_and_steps_depend_on_the_generator_alone(environment):
    actions = random_actions(environment, (5, 2))

    def roll():
        start = environment.reset(2, np.random.default_rng(0))
        return [start, *(values for action in actions for values in environment.step(action))]

    for first, second in zip(roll(), roll(), strict=True):
        np.testing.assert_array_equal(first, second)


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
    *_, terminated, truncated, _ = adapter.step(adapter.action_space.sample() * 0)
    assert truncated and not terminated

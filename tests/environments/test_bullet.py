import sys

import numpy as np
import pytest

from stages.environments import bullet
from stages.environments.dsrl import task_of
from stages.environments.loading import make
from stages.errors import UserError

IDS = [f"Safety{task}-v0" for task in bullet.HORIZONS]


def roll(environment, num_agents, steps):
    """Observations, rewards and costs of random actions."""
    record = [environment.reset(num_agents, np.random.default_rng(0))]
    random = np.random.default_rng(1)
    for _ in range(steps):
        step = environment.step(random.uniform(-1, 1, (num_agents, environment.action_size)))
        record += [step.observations, step.rewards, step.costs]
    return record


@pytest.mark.parametrize("environment_id", IDS)
def test_tasks_are_those_of_dsrl(environment_id):
    pytest.importorskip("bullet_safety_gym")
    environment, published = make(environment_id), task_of(environment_id)
    assert environment.observation_size == published.observation_size
    assert environment.action_size == published.action_size
    assert environment.max_episode_steps == published.horizon
    assert environment.has_costs
    environment.close()


@pytest.mark.parametrize("environment_id", IDS)
def test_rollouts_depend_on_the_generator_alone(environment_id):
    """Neither on numpy's global generator nor on the episodes before, whose motors were left running."""
    pytest.importorskip("bullet_safety_gym")
    environment, other = make(environment_id), make(environment_id)
    np.random.seed(1)  # noqa: NPY002
    first = roll(environment, 2, 60)
    np.random.seed(2)  # noqa: NPY002
    for again in (roll(environment, 2, 60), roll(other, 2, 60)):
        for a, b in zip(first, again, strict=True):
            np.testing.assert_array_equal(a, b)
    environment.close()
    other.close()


def test_a_ball_that_rolls_too_fast_costs():
    pytest.importorskip("bullet_safety_gym")
    environment = make("SafetyBallRun-v0")
    environment.reset(1, np.random.default_rng(0))
    steps = [environment.step(np.array([[1.0, 0.0]])) for _ in range(60)]
    speeds = [5 * np.hypot(*step.observations[0, 2:4]) for step in steps]
    costs = [step.costs[0] for step in steps]
    assert costs == [float(speed > 2.5) for speed in speeds]
    assert 0 < sum(costs) < 60
    environment.close()


def test_a_missing_package_gets_the_command_that_installs_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "bullet_safety_gym.envs.builder", None)
    monkeypatch.setitem(sys.modules, "bullet_safety_gym", None)
    bullet._import.cache_clear()
    with pytest.raises(UserError, match=r"SafetyCarRun-v0: needs a package .*pip install --no-deps bullet"):
        make("SafetyCarRun-v0")

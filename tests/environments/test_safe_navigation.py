import numpy as np
import pytest

from stages.environments.loading import make
from stages.environments.safe_navigation import SafeNavigation, SafeNavigationSettings

task = SafeNavigation(SafeNavigationSettings())


@pytest.mark.parametrize(
    ("position", "action", "reward", "cost", "terminated"),
    [
        ((1, 1), (0.2, 0.2), -1, 0, False),
        ((5, 5), (0.2, 0.2), -1, 1, False),
        ((2.9, 5), (0.1, 0), -1, 1, False),
        ((7.9, 7.9), (0.2, 0.2), -1, 0, False),
        ((6, 12), (0, 0), -1, 1, False),
        ((12, 6), (0, 0), -1, 1, False),
        ((19.8, 19.8), (0.1, 0.1), 0, 0, True),
    ],
)
def test_boxes_cost_and_do_not_change_the_reward(position, action, reward, cost, terminated):
    task.position = np.array([position], dtype=float)
    step = task.step(np.array([action], dtype=float))
    assert (step.rewards[0], step.costs[0], step.terminated[0]) == (reward, cost, terminated)


def walk(environment, subgoals, speed=0.2):
    """Return and cost of the straight walk from one subgoal to the next."""
    environment.reset(1, np.random.default_rng(0))
    total, cost = 0.0, 0.0
    for target in [*subgoals, (20.0, 20.0)]:
        while np.abs(target - environment.position[0]).max() > 1e-9:
            step = environment.step(np.clip(target - environment.position, -speed, speed))
            total, cost = total + step.rewards[0], cost + step.costs[0]
            if step.terminated[0]:
                return total, cost
    raise AssertionError("the goal was not reached")


def test_every_step_of_detour_saves_cost():
    environment = make("safe_navigation", {"start_size": 0.0})
    outcomes = [walk(environment, [(0.0, k), (20.0 - k, 20.0)]) for k in (0.0, 1.0, 2.0, 3.0, 5.5, 9.5)]
    returns, costs = zip(*outcomes, strict=True)
    assert list(returns) == sorted(returns, reverse=True)
    assert list(costs) == sorted(costs, reverse=True)
    assert costs[0] > 40 and costs[-1] == 0
    assert returns[0] > -105 and returns[-1] > -155

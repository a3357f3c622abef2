import numpy as np
import pytest

from stages.safety.limits.episode_choice import chosen_episodes, frontier, unbeaten
from tests.synthetic import dataset_of

COSTS = np.array([0, 4, 5, 6, 10, 15, 16, 20], dtype=np.float32)


def episodes(returns, costs=COSTS):
    """Episodes of one step."""
    nothing = np.zeros((len(costs), 1))
    return dataset_of(nothing, nothing, np.asarray(returns, dtype=float), [1] * len(costs), costs=costs)


@pytest.mark.parametrize(("mode", "expected"), [("safe", [0, 4, 5, 6, 10]), ("risky", [20]), ("boundary", [6, 10, 15])])
def test_modes_choose_by_cost(mode, expected):
    chosen = chosen_episodes(episodes(np.zeros(8)), mode, 10.0, 0.1, 2)
    assert COSTS[chosen].tolist() == expected


def test_frontier_keeps_what_is_safe_and_close_to_the_best():
    returns = 10 + COSTS
    returns[[2, 4]] -= 9
    chosen = chosen_episodes(episodes(returns), "frontier", 10.0, 0.1, 1)
    assert COSTS[chosen].tolist() == [0, 4, 6]


def test_unbeaten_episodes_are_those_of_the_definition():
    random = np.random.default_rng(0)
    costs, returns = random.integers(0, 6, (2, 40)).astype(float)
    for chosen, cost, value in zip(unbeaten(costs, returns), costs, returns, strict=True):
        better = (costs <= cost) & (returns >= value) & ((costs < cost) | (returns > value))
        if chosen:
            assert not better.any()
        else:
            equal = (costs == cost) & (returns == value)
            assert better.any() or equal.sum() > 1  # of equal ones the first stands for all


def test_a_frontier_of_one_episode_is_level():
    costs, returns = np.array([0.0, 1.0, 2.0]), np.array([5.0, 4.0, 3.0])
    np.testing.assert_allclose(frontier(costs, returns, 3), [5, 5, 5])

import numpy as np
import pytest

from stages.errors import UserError
from stages.safety.outcomes.frontier import Frontier

COSTS = np.array([5.0, 0.0, 3.0, 3.0, 8.0, 2.0])
RETURNS = np.array([9.0, 1.0, 4.0, 6.0, 7.0, -1.0])


def test_only_undominated_pairs_are_kept():
    frontier = Frontier.of(COSTS, RETURNS)
    assert frontier.costs.tolist() == [0, 3, 5]
    assert frontier.returns.tolist() == [1, 6, 9]


def test_the_largest_return_within_a_limit():
    frontier = Frontier.of(COSTS, RETURNS)
    for limit in np.linspace(0, 10, 41):
        assert frontier.at(np.array(limit)) == RETURNS[limit >= COSTS].max()


def test_no_episode_within_the_limit():
    with pytest.raises(UserError, match="no episode costs at most 1; the cheapest costs 2"):
        Frontier.of(np.array([2.0, 3.0]), np.array([0.0, 1.0])).at(np.array([5.0, 1.0]))


def test_a_single_episode():
    frontier = Frontier.of(np.array([0.0]), np.array([-3.0]))
    assert frontier.at(np.array([0.0, 7.0])).tolist() == [-3, -3]

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.datasets.episodes import EpisodeDataset
from stages.datasets.thinning import ThinningSettings, cell_of_episode, thinned
from stages.errors import UserError


def episodes(returns, costs):
    """Episodes of two steps with these sums, each marked by its number in the observations."""
    number = len(returns)
    first = np.zeros((number, 2))
    last = np.tile([False, True], number)
    observations = np.repeat(np.arange(number, dtype=np.float32), 2)[:, None]
    return EpisodeDataset(
        observations=observations,
        actions=np.zeros((2 * number, 1), dtype=np.float32),
        rewards=(first + np.array([[1, 0]]) * np.array(returns)[:, None]).ravel().astype(np.float32),
        terminations=last,
        truncations=np.zeros_like(last),
        next_observations=observations,
        costs=None if costs is None else (first + [[0, 1]] * np.array(costs)[:, None]).ravel().astype(np.float32),
        behaviour_policy=np.arange(number),
        behaviour_policy_names=tuple(str(i) for i in range(number)),
    )


def test_crowded_cells_keep_some_and_lonely_episodes_stay():
    dataset = episodes([0.0] * 20 + [10.0, 5.0], [0.0] * 20 + [0.0, 8.0])
    small = thinned(dataset, ThinningSettings(cost_cells=4, return_cells=4, most_per_cell=3), 0)
    assert small.num_episodes == 5
    assert {20, 21} <= set(small.behaviour_policy.tolist())
    assert (np.diff(small.behaviour_policy) > 0).all()
    np.testing.assert_array_equal(small.observations[::2, 0], small.behaviour_policy)
    np.testing.assert_array_equal(small.episode_lengths, 2)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(-50, 50), st.integers(0, 9)), min_size=1, max_size=60), st.integers(1, 4))
def test_no_cell_holds_too_many_and_none_is_emptied(pairs, most):
    returns, costs = (np.array(values, dtype=float) for values in zip(*pairs, strict=True))
    grid = ThinningSettings(cost_cells=3, return_cells=5, most_per_cell=most)
    before = np.bincount(cell_of_episode(returns, costs, grid), minlength=15)
    kept = thinned(episodes(returns, costs), grid, 0).behaviour_policy
    after = np.bincount(cell_of_episode(returns, costs, grid)[kept], minlength=15)
    np.testing.assert_array_equal(after, np.minimum(before, most))


def test_the_seed_decides_which_are_kept():
    dataset = episodes([0.0] * 50, [0.0] * 50)
    grid = ThinningSettings(most_per_cell=5)
    first, again, other = (thinned(dataset, grid, seed).behaviour_policy.tolist() for seed in (0, 0, 1))
    assert first == again != other


def test_cells_lie_between_the_extremes():
    grid = ThinningSettings(cost_cells=2, return_cells=2)
    cells = cell_of_episode(np.array([0.0, 4.0, 5.0, 10.0]), np.array([0.0, 1.0, 3.0, 4.0]), grid)
    assert cells.tolist() == [0, 0, 3, 3]


def test_without_costs_there_is_nothing_to_thin_by():
    with pytest.raises(UserError, match="no costs"):
        thinned(episodes([0.0], None), ThinningSettings(), 0)

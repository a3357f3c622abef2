import numpy as np
import pytest

from stages.cloning.held_out import split_rows

EPISODE = np.repeat(np.arange(10), 7)
ROWS = np.arange(100, 170)


@pytest.mark.parametrize("num_splits", [1, 2, 5])
def test_splits_are_whole_episodes_that_do_not_meet(num_splits):
    splits = split_rows(3, ROWS, EPISODE, share=0.2, num_splits=num_splits)
    episodes = [set(EPISODE[split - 100]) for split in splits]
    assert [len(found) for found in episodes] == [2] * num_splits
    assert all(len(split) == 14 for split in splits)
    assert len(set().union(*episodes)) == 2 * num_splits


def test_seeds_leave_out_different_episodes():
    first, second = (split_rows(seed, ROWS, EPISODE, 0.2, 1)[0] for seed in (0, 1))
    assert not np.array_equal(first, second)


@pytest.mark.parametrize("count", [2, 3, 10])
@pytest.mark.parametrize("share", [0.01, 0.2, 0.99])
@pytest.mark.parametrize("num_splits", [1, 2, 9])
def test_something_is_left_out_and_something_is_left(count, share, num_splits):
    splits = split_rows(0, ROWS[: 7 * count], EPISODE[: 7 * count], share, num_splits)
    assert len(splits) == min(num_splits, count)
    for split in splits:
        assert 0 < len(split) < 7 * count
    assert len(np.unique(np.concatenate(splits))) == sum(map(len, splits))


def test_of_a_single_episode_pieces_are_left_out():
    (split,) = split_rows(0, ROWS, np.zeros(70, dtype=int), 0.2, 1)
    assert len(split) == 14
    assert (np.diff(split) == 1).all()

import numpy as np
import pytest

from stages.errors import UserError
from stages.safety.segments.segments import Segments, cut, segment_length
from tests.synthetic import ragged

MANY = 1_000_000


@pytest.mark.parametrize("sampling", ["random", "even", "covering"])
@pytest.mark.parametrize("length", [1, 5, 12])
def test_segments_lie_inside_their_episode(sampling, length):
    dataset = ragged()
    length = min(length, int(dataset.episode_lengths.max()))
    segments = cut(dataset, length, sampling, stride=2, most=MANY, seed=0)
    assert len(segments) > 0
    assert (segments.starts >= 0).all()
    assert (segments.starts + length <= dataset.episode_lengths[segments.episodes]).all()


def test_even_segments_cover_every_row_of_every_eligible_episode():
    dataset = ragged(episodes=20)
    segments = cut(dataset, 4, "even", stride=3, most=MANY, seed=0)
    rows = segments.first_rows(dataset)[:, None] + np.arange(4)
    eligible = dataset.episode_lengths >= 4
    np.testing.assert_array_equal(np.unique(rows), np.flatnonzero(eligible[dataset.episode_of_step]))


def test_covering_segments_hold_the_edges_of_an_episode_as_often_as_its_middle():
    dataset = ragged(episodes=20, longest=60)
    segments = cut(dataset, 12, "covering", stride=1, most=MANY, seed=0)
    held = np.zeros(dataset.num_steps, dtype=int)
    np.add.at(held, segments.first_rows(dataset)[:, None] + np.arange(12), 1)
    for episode in np.flatnonzero(dataset.episode_lengths >= 36):
        rows = held[dataset.episode_of_step == episode]
        assert rows[0] == rows[-1] == rows[len(rows) // 2] == rows.min() == 12
        assert rows.max() < 24


def test_rows_are_those_of_the_chosen_segments_once_each():
    dataset = ragged()
    longest = int(np.argmax(dataset.episode_lengths))
    start = int(dataset.episode_starts[longest])
    segments = Segments(np.full(3, longest), np.array([2, 1, 0]), 2)
    assert segments.rows(dataset, np.array([True, True, False])).tolist() == [start + 1, start + 2, start + 3]
    assert segments.rows(dataset, np.zeros(3, dtype=bool)).tolist() == []


def test_the_whole_of_the_longest_episodes_is_one_segment_each():
    dataset = ragged(episodes=30)
    longest = int(dataset.episode_lengths.max())
    whole = np.flatnonzero(dataset.episode_lengths == longest)
    segments = cut(dataset, longest, "even", stride=6, most=MANY, seed=0)
    np.testing.assert_array_equal(segments.episodes, whole)
    drawn = cut(dataset, longest, "random", stride=6, most=MANY, seed=0)
    assert len(drawn) == len(whole)
    assert set(drawn.episodes) <= set(whole)


def test_random_segments_are_as_many_as_the_released_code_has():
    dataset = ragged(episodes=10, longest=30)
    longest = int(dataset.episode_lengths.max())
    assert len(cut(dataset, 5, "random", stride=6, most=MANY, seed=0)) == (longest - 5) // 6 * 10
    assert len(cut(dataset, 5, "random", stride=6, most=7, seed=0)) == 7


def test_sums_are_those_of_the_rows():
    dataset = ragged()
    segments = Segments(np.array([2, 4]), np.array([0, 0]), 1)
    expected = dataset.rewards[dataset.episode_starts[[2, 4]]]
    np.testing.assert_allclose(segments.sums(dataset, dataset.rewards), expected, rtol=1e-6)


def test_a_sum_of_zeros_is_zero_whatever_came_before():
    dataset = ragged(episodes=3)
    values = np.full(dataset.num_steps, 0.1, dtype=np.float32)
    values[-1] = 0
    last = Segments(np.array([2]), np.array([int(dataset.episode_lengths[2]) - 1]), 1)
    assert last.sums(dataset, values)[0] == 0


def test_a_length_beyond_every_episode_is_refused():
    dataset = ragged()
    longest = int(dataset.episode_lengths.max())
    assert segment_length(dataset, 1.0, None) == longest
    assert segment_length(dataset, 0.001, None) == 1
    with pytest.raises(UserError, match=f"the longest has {longest}"):
        segment_length(dataset, 1.0, longest + 1)

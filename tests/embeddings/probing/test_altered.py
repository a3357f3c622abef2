import numpy as np

from stages.embeddings.probing.altered import beginnings, shuffled
from tests.synthetic import make_episodes

DATASET = make_episodes([5, 1, 8])


def test_beginnings_are_the_first_steps():
    found = beginnings(DATASET, 3)
    assert found.episode_lengths.tolist() == [3, 1, 3]
    np.testing.assert_array_equal(found.observations, DATASET.observations[[0, 1, 2, 5, 6, 7, 8]])
    assert beginnings(DATASET, 100).episode_lengths.tolist() == [5, 1, 8]


def test_shuffled_steps_stay_in_their_episodes():
    found = shuffled(DATASET)
    assert found.episode_lengths.tolist() == [5, 1, 8]
    for begin, end in ((0, 5), (5, 6), (6, 14)):
        before, after = DATASET.actions[begin:end, 0], found.actions[begin:end, 0]
        assert sorted(before) == sorted(after)
    assert not np.array_equal(found.actions, DATASET.actions)

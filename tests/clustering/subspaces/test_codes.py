import numpy as np

from stages.clustering.subspaces.codes import UNKNOWN, Codes, DistinctRows
from stages.training.job import Job
from tests.clustering.discrete_policies import discrete_policies
from tests.synthetic import make_episodes, two_policies


def test_distinct_rows_have_distinct_numbers_and_equal_rows_equal_ones():
    random = np.random.default_rng(0)
    observations = random.integers(0, 3, (200, 4)).astype(np.float32)
    rows = DistinctRows(observations)
    codes = rows(observations)
    assert rows.count == len(np.unique(observations, axis=0)) == len(set(codes.tolist()))
    for a in range(0, 200, 7):
        for b in range(200):
            assert (codes[a] == codes[b]) == np.array_equal(observations[a], observations[b])


def test_rows_never_met_are_unknown():
    rows = DistinctRows(np.array([[0, 0], [1, 1], [2, 1]], dtype=np.float32))
    unseen = np.array([[0, 1], [1, 0], [5, 1], [-1, 0], [2, 1]], dtype=np.float32)
    assert rows(unseen).tolist() == [UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, 2]


def test_many_wide_columns_do_not_overflow():
    observations = np.random.default_rng(0).integers(0, 30, (50, 40)).astype(np.float32)
    assert len(set(DistinctRows(observations)(observations).tolist())) == 50


def test_counts_are_of_states_and_actions():
    dataset = discrete_policies(episodes=4, steps=9)
    codes = Codes(Job(dataset, [0]), 0, num_states=3, num_actions=2)
    counts = codes.counts(dataset).toarray().reshape(4, codes.num_states, 3)
    assert codes.num_states == 6
    assert counts.sum() == 36
    for row, (state, action) in enumerate(zip(dataset.observations[:, 0].astype(int), dataset.actions, strict=True)):
        assert counts[row // 9, state, action] > 0


def test_points_are_numbered_by_means_of_their_own():
    dataset = two_policies()
    codes = Codes(Job(dataset, [0]), 0, num_states=5, num_actions=4)
    states, actions = codes(dataset)
    assert (codes.num_states, codes.num_actions) == (5, 4)
    assert set(states.tolist()) == set(range(5))
    assert set(actions.tolist()) == set(range(4))


def test_no_more_codes_than_distinct_points_and_two_visits_to_a_state():
    short, long = (Codes(Job(make_episodes(lengths), [0]), 0, 64, 16) for lengths in ([1, 1], [9, 11]))
    assert (short.num_states, short.num_actions) == (1, 2)
    assert (long.num_states, long.num_actions) == (5, 16)

import numpy as np

from stages.diagnosis.conflict_relation import ConflictRelation
from stages.diagnosis.settings import DiagnosisSettings
from tests.evaluation.walks import random_walks, walks
from tests.synthetic import make_episodes, two_policies


def relation(dataset, **settings):
    return ConflictRelation(dataset, DiagnosisSettings(**settings))


def test_policies_that_always_differ_are_counted():
    found = relation(random_walks([[0, 0], [1, 1], [2, 2]], steps=12))
    assert (found.kind, found.self_conflict, found.bracket()) == ("exact", 0.0, (3, 3))


def test_vectors_are_counted_too():
    dataset = two_policies(episodes=30, steps=100)
    found = relation(dataset, features=16)
    assert (found.kind, found.self_conflict, found.bracket()) == ("likelihood", None, (2, 2))
    np.testing.assert_array_equal(found.rates(dataset.behaviour_policy, 2), [[0, 1], [1, 0]])


def test_no_number_of_deterministic_policies_explains_those_that_draw_their_actions():
    found = relation(random_walks([[0, 0], [1, 1]], steps=12, noise=0.3))
    assert found.self_conflict > 0.5
    assert found.bracket() == (None, None)
    assert found.rates(np.zeros(60, dtype=np.int64), 1)[0, 0] > 0.5


def test_few_episodes_in_conflict_with_themselves_are_left_out():
    clean = [[(0, episode % 2), (1, 1)] for episode in range(40)]
    found = relation(walks(*clean, [(0, 0), (0, 1)]))
    assert found.self_conflict == 1 / 41
    assert found.bracket() == (2, 2)


def test_states_that_do_not_recur_allow_no_comparison():
    dataset = walks(*([(episode, 0), (episode, 1)] for episode in range(10)))
    found = relation(dataset)
    assert found.rates(np.zeros(10, dtype=np.int64), 1) is None
    assert found.bracket() == (None, None)
    assert found.self_conflict == 1.0


def test_episodes_shorter_than_policies_allow_no_comparison():
    found = relation(make_episodes([5] * 10))
    assert found.rates(np.zeros(10, dtype=np.int64), 1) is None
    assert found.bracket() == (None, None)


def test_only_the_first_episodes_are_compared():
    dataset = two_policies(episodes=30, steps=100)
    assert relation(dataset, compared_episodes=7).possible.shape == (7, 7)

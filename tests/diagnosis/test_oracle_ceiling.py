import numpy as np
import pytest

from stages.diagnosis.clustering_scores import clustering_scores
from stages.diagnosis.oracle_ceiling import ambiguous, oracle_ceiling, oracle_labels
from tests.synthetic import dataset_of


def logs(consistent):
    return np.where(np.array(consistent, dtype=bool), 0.0, -np.inf)


def random():
    return np.random.default_rng(0)


def labelled(truth):
    """Episodes of one step by the given policies."""
    steps = 1 if truth is None else len(truth)
    return dataset_of(*np.zeros((2, steps, 1)), np.zeros(steps), [1] * steps, behaviour_policy=truth)


def test_the_likeliest_policy_wins():
    log_likelihood = np.array([[-3.0, -1.0, -2.0], [-1.0, -np.inf, -2.0], [-9.0, -8.0, -7.0]])
    np.testing.assert_array_equal(oracle_labels(log_likelihood, random()), [1, 0, 2])


def test_ties_are_drawn_evenly_among_the_tied():
    labels = oracle_labels(logs([[1, 0, 1]] * 10_000), random())
    counts = np.bincount(labels, minlength=3)
    assert counts[1] == 0 and abs(counts[0] - 5000) < 200


def test_what_no_policy_explains_ties_all():
    labels = oracle_labels(np.full((900, 3), -np.inf), random())
    assert (np.bincount(labels, minlength=3) > 200).all()
    assert ambiguous(np.full((2, 3), -np.inf)).all()


def test_ambiguous_is_less_than_95_percent_certain():
    log_likelihood = np.array([[0, -np.inf], [0, 0], [-50.0, -52.9], [-50.0, -53.0]])
    np.testing.assert_array_equal(ambiguous(log_likelihood), [False, True, True, False])


def test_policies_that_never_agree_are_found_exactly():
    truth = np.array([0, 0, 1, 1, 2])
    ceiling = oracle_ceiling(labelled(truth), logs(np.eye(3)[truth]), random())
    assert ceiling == {"nmi": 1.0, "ari": 1.0, "nmi_best_ties": 1.0, "ari_best_ties": 1.0, "ambiguous": 0.0}


def test_the_ceiling_of_a_small_example_by_hand():
    """Four episodes of policy 0 and two of 1; one of each fits both, so either policy may be given to both."""
    truth = np.array([0, 0, 0, 0, 1, 1])
    consistent = [[1, 0], [1, 0], [1, 0], [1, 1], [0, 1], [1, 1]]
    ceiling = oracle_ceiling(labelled(truth), logs(consistent), random())
    choices = [clustering_scores(truth, np.array([0, 0, 0, tie, 1, tie])) for tie in (0, 1)]
    best = max(choices, key=lambda scores: scores["nmi"])
    assert ceiling["nmi_best_ties"] == pytest.approx(best["nmi"])
    assert ceiling["ari_best_ties"] == pytest.approx(best["ari"])
    assert ceiling["ambiguous"] == pytest.approx(2 / 6)
    drawn = clustering_scores(truth, oracle_labels(logs(consistent), random()))
    assert (ceiling["nmi"], ceiling["ari"]) == (drawn["nmi"], drawn["ari"])


def test_one_policy_is_trivially_found():
    truth = np.zeros(4, dtype=np.int64)
    assert oracle_ceiling(labelled(truth), logs([[1]] * 4), random())["nmi_best_ties"] == 1.0


def test_unknown_policies_have_no_ceiling():
    with pytest.raises(ValueError, match="true policy"):
        oracle_ceiling(labelled(None), logs([[1]]), random())

"""Probabilities of numbers of clusters."""

import torch

from stages.clustering.certainty.number import probabilities

SCORES = torch.tensor([0.0, 3.0, 5.0, 4.0], dtype=torch.float64)  # of 4, 3, 2, 1 groups


def test_evidence_is_a_probability():
    found = probabilities(SCORES, 2)
    torch.testing.assert_close(found.sum(), torch.tensor(1.0, dtype=torch.float64))
    torch.testing.assert_close(found[2] / found[3], torch.tensor(1.0, dtype=torch.float64).exp())


def test_it_is_not_known_where_something_else_settled_the_number():
    assert probabilities(SCORES, 1).isnan().all()
    assert probabilities(SCORES, 0).isnan().all()


def test_one_episode_is_one_cluster():
    assert probabilities(torch.zeros(1, dtype=torch.float64), 1).tolist() == [1.0]

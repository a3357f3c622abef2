"""True clusters foretell more than wrong ones, than one, and than true ones cut in two."""

from __future__ import annotations

import numpy as np
import pytest

from stages.clustering.conjugate.foretelling import alike, foretold_more
from stages.clustering.conjugate.judgement import DECISIVE
from tests.synthetic import two_policies

DATASET = two_policies(24)
TRUTH = DATASET.behaviour_policy


def score(labels: np.ndarray, others: np.ndarray) -> float:
    return foretold_more(DATASET, labels, others, np.random.default_rng(0))


@pytest.mark.parametrize("others", [np.zeros(24, dtype=int), np.arange(24) // 12 % 2, np.arange(24) % 3])
def test_true_clusters_foretell_more_than_others(others):
    assert score(TRUTH, others) > DECISIVE
    assert score(others, TRUTH) < -DECISIVE


def test_cutting_policies_in_pieces_foretells_nothing():
    pieces = 2 * TRUTH + np.random.default_rng(1).integers(0, 2, 24)
    assert score(pieces, TRUTH) <= DECISIVE
    assert score(TRUTH, pieces) >= -DECISIVE


def test_other_numbers_of_the_same_clusters_foretell_the_same():
    assert alike(1 - TRUTH, TRUTH) and score(1 - TRUTH, TRUTH) == 0
    assert not alike(2 * TRUTH + np.arange(24) % 2, TRUTH)

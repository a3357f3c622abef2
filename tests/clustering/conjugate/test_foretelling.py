"""True clusters foretell more than wrong ones, than one, and than true ones cut in two."""

from __future__ import annotations

import numpy as np
import pytest

from stages.clustering.conjugate.foretelling import foretells_more, foretells_more_or_is_simpler, foretold_more
from tests.synthetic import two_policies

DATASET = two_policies(24)
TRUTH = DATASET.behaviour_policy


@pytest.mark.parametrize("others", [np.zeros(24, dtype=int), np.arange(24) // 12 % 2, np.arange(24) % 3])
def test_true_clusters_foretell_more_than_others(others):
    assert foretells_more(DATASET, TRUTH, others, np.random.default_rng(0))
    assert not foretells_more(DATASET, others, TRUTH, np.random.default_rng(0))


def test_cutting_policies_in_pieces_foretells_nothing():
    pieces = 2 * TRUTH + np.random.default_rng(1).integers(0, 2, 24)
    assert not foretells_more(DATASET, pieces, TRUTH, np.random.default_rng(0))
    assert foretells_more_or_is_simpler(DATASET, TRUTH, pieces, np.random.default_rng(0))
    assert not foretells_more_or_is_simpler(DATASET, pieces, TRUTH, np.random.default_rng(0))
    single = np.zeros(24, dtype=int)
    assert not foretells_more_or_is_simpler(DATASET, single, TRUTH, np.random.default_rng(0))


def test_other_numbers_of_the_same_clusters_foretell_the_same():
    assert foretold_more(DATASET, 1 - TRUTH, TRUTH, np.random.default_rng(0)) == 0

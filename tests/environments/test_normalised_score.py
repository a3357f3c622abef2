import numpy as np
import pytest

from stages.environments.normalised_score import normalised_score


def test_hopper_by_hand():
    np.testing.assert_allclose(normalised_score(np.array([-20.272305, 3234.3]), "Hopper-v4"), [0, 100])
    assert normalised_score(np.array([1607.0]), "Hopper-v5")[0] == pytest.approx(50, abs=0.01)


def test_unknown_environment_has_no_score():
    assert normalised_score(np.zeros(2), "navigation") is None

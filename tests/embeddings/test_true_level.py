from dataclasses import replace

import pytest

from stages.embeddings.true_level import TrueLevel, TrueLevelSettings
from stages.errors import UserError
from stages.training.job import Job
from tests.synthetic import two_policies

SMALLEST = [TrueLevelSettings()]


def test_episodes_of_a_policy_have_its_unit_vector():
    dataset = two_policies(6, steps=3)
    raw = TrueLevel.fit(Job(dataset, [0]), TrueLevelSettings()).raw(dataset)
    assert raw[0].argmax(-1).tolist() == dataset.behaviour_policy.tolist()
    assert raw.sum(-1).unique().tolist() == [1.0]


def test_unlabelled_episodes_are_refused():
    dataset = replace(two_policies(6, steps=3), behaviour_policy=None)
    with pytest.raises(UserError, match="does not say which policy"):
        TrueLevel.fit(Job(dataset, [0]), TrueLevelSettings())

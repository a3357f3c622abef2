"""Conditional cloning acts as the author of the episode whose embedding it is told."""

from __future__ import annotations

from stages.embeddings.imitation.conditional_bc import ConditionalBCSettings
from tests.embeddings.imitation.two_authors import actions, imitated

SMALLEST = [ConditionalBCSettings(num_steps=40, hidden_sizes=(16, 16), batch_size=50)]


def test_told_the_level_an_imitator_acts_by_it(tmp_path):
    found = imitated(tmp_path, "conditional_bc")
    right, wrong = found.tensors["likelihood/right"], found.tensors["likelihood/wrong"]
    assert (right > wrong + 1).all()
    # The two policies of these episodes do opposite things at a state.
    first, second = actions(found, 0), actions(found, 1)
    assert (first * second).sum(-1).mean() < 0
    assert set(found.tensors["told/levels"].tolist()) == {0, 1} and found.tensors["told/vectors"].shape == (2, 8, 2)

"""The control is told nothing, and so acts alike whatever the level."""

from __future__ import annotations

import torch

from stages.embeddings.imitation.unconditional_bc import UnconditionalBCSettings
from tests.embeddings.imitation.two_authors import actions, imitated

SMALLEST = [UnconditionalBCSettings(num_steps=40, hidden_sizes=(16, 16), batch_size=50)]


def test_told_nothing_it_acts_alike_at_all_levels(tmp_path):
    found = imitated(tmp_path, "unconditional_bc", given=False)
    torch.testing.assert_close(actions(found, 0), actions(found, 1))
    assert torch.equal(found.tensors["likelihood/right"], found.tensors["likelihood/wrong"])

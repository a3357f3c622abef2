"""What imitators have in common: which embeddings rollouts are told, what wrong ones are, what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from stages.agents.contract import Conditions
from stages.agents.loading import load_agent
from stages.embeddings.imitation.contract import of_other_levels
from stages.errors import UserError
from tests.embeddings.imitation.two_authors import imitated
from tests.synthetic import two_policies


def test_rollouts_of_a_level_take_turns_among_its_episodes(tmp_path):
    found = imitated(tmp_path, "conditional_bc", num_steps=1)
    found.tensors["told/vectors"] = torch.arange(16.0).view(1, 8, 2).expand(2, -1, -1).contiguous()
    agent, levels = load_agent([found]), found.tensors["told/levels"]
    agent.begin(Conditions(torch.tensor([0, 0, 1, 0, 1]), clusters=torch.tensor([0, 1, 0, 0, 0])))
    zeros, ones = (levels == 0).nonzero()[:, 0].tolist(), (levels == 1).nonzero()[:, 0].tolist()
    turns = [zeros[0], ones[1 % len(ones)], zeros[0], zeros[2 % len(zeros)], zeros[1 % len(zeros)]]
    assert agent.told[:, 0].tolist() == [2 * turn for turn in turns]
    agent.begin(Conditions(torch.tensor([0, 0])))
    assert agent.followed.tolist() == levels[:2].tolist()


def test_wrong_embeddings_are_of_other_levels():
    levels = np.array([0, 0, 1, 2])
    found = of_other_levels(levels, [0, 1])
    assert (levels[found] != levels).all()
    assert of_other_levels(np.zeros(2, dtype=int), [0]).tolist() == [[0, 1]]


def test_what_cannot_be_imitated_is_refused(tmp_path):
    for method in ("conditional_bc", "iq_learn"):
        with pytest.raises(UserError, match=f"{method} needs embedding, this is not there"):
            imitated(tmp_path, method, given=False)
    with pytest.raises(UserError, match="unconditional_bc needs nothing but the dataset"):
        imitated(tmp_path, "unconditional_bc")
    dataset = two_policies(4, steps=3)
    with pytest.raises(UserError, match="made no episode that was not learnt from"):
        imitated(tmp_path, "unconditional_bc", dataset, given=False)
    with pytest.raises(UserError, match="does not say which policy"):
        imitated(tmp_path, "unconditional_bc", replace(dataset, behaviour_policy=None), given=False)

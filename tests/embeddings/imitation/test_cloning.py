"""Imitators act as the author of the episode whose embedding they are told; their control cannot."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from stages.agents.contract import Conditions
from stages.agents.loading import load_agent
from stages.artifacts import Artifact
from stages.embed_trajectories import main as embed
from stages.embeddings import EMBEDDINGS
from stages.embeddings.imitation import IMITATORS
from stages.embeddings.imitation.cloning import of_other_levels
from stages.errors import UserError
from stages.formats.native import write_native
from stages.imitate import main
from tests.smallest import smallest_choice
from tests.synthetic import two_policies

SETTINGS = {"num_steps": 300, "hidden_sizes": (16,), "learning_rate": 1e-2, "batch_size": 64}


def told(tmp_path, method: str, dataset=None, given: bool = True) -> Artifact:
    data, made, output = (str(tmp_path / name) for name in ("two.hdf5", "made.safetensors", "imitator.safetensors"))
    write_native(data, two_policies(40, steps=20) if dataset is None else dataset)
    if given:
        embed(data, None, made, smallest_choice(EMBEDDINGS, "true_level"), [0, 1], "cpu")
    choice = IMITATORS.choose({"method": method, **SETTINGS})
    main(data, made if given else None, output, choice, [0, 1], "cpu")
    return Artifact.load(output)


def actions(artifact: Artifact, level: int) -> torch.Tensor:
    """What both seeds' agents do at some states when they follow a level, three rollouts each."""
    agent = load_agent([artifact])
    agent.begin(Conditions(torch.tensor([0, 1]).repeat_interleave(3), clusters=torch.full((6,), level)))
    states = torch.from_numpy(two_policies(2, steps=3, seed=5).observations)
    found = agent.act(states)
    assert agent.followed.tolist() == [level] * 6
    return found


def test_told_the_level_an_imitator_acts_by_it(tmp_path):
    found = told(tmp_path, "conditional_bc")
    right, wrong = found.tensors["likelihood/right"], found.tensors["likelihood/wrong"]
    assert (right > wrong + 1).all()
    # The two policies of these episodes do opposite things at a state.
    first, second = actions(found, 0), actions(found, 1)
    assert (first * second).sum(-1).mean() < 0
    assert set(found.tensors["told/levels"].tolist()) == {0, 1} and found.tensors["told/vectors"].shape == (2, 8, 2)


def test_told_nothing_it_acts_alike_at_all_levels(tmp_path):
    found = told(tmp_path, "unconditional_bc", given=False)
    torch.testing.assert_close(actions(found, 0), actions(found, 1))
    assert torch.equal(found.tensors["likelihood/right"], found.tensors["likelihood/wrong"])


def test_rollouts_of_a_level_take_turns_among_its_episodes(tmp_path):
    found = told(tmp_path, "conditional_bc")
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
    with pytest.raises(UserError, match="conditional_bc needs embedding, this is not there"):
        told(tmp_path, "conditional_bc", given=False)
    with pytest.raises(UserError, match="unconditional_bc needs nothing but the dataset"):
        told(tmp_path, "unconditional_bc")
    dataset = two_policies(4, steps=3)
    with pytest.raises(UserError, match="made no episode that was not learnt from"):
        told(tmp_path, "unconditional_bc", dataset, given=False)
    with pytest.raises(UserError, match="does not say which policy"):
        told(tmp_path, "unconditional_bc", replace(dataset, behaviour_policy=None), given=False)

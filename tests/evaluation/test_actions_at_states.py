import numpy as np
import pytest
import torch

from stages.errors import UserError
from stages.evaluation import actions_at_states
from stages.evaluation.actions_at_states import ActionsAtStates
from tests.evaluation.agents import ONES, Still, random_walkers


def observations(rows: int = 10) -> torch.Tensor:
    return torch.linspace(-20, 20, 2 * rows).view(rows, 2)


def test_a_seed_does_the_same_alone_and_in_a_block_however_many_states_at_once(monkeypatch):
    states = observations()
    block = ActionsAtStates(random_walkers([3, 7]), [3, 7], ONES, 4).act(states, "test")
    assert block.shape == (2, 10, 4, 2)
    alone = ActionsAtStates(random_walkers([7]), [7], ONES, 4).act(states, "test")
    torch.testing.assert_close(block[1], alone[0])
    mean = ActionsAtStates(random_walkers([3, 7]), [3, 7], ONES).act(states, "test")
    monkeypatch.setattr(actions_at_states, "AT_ONCE", 3)
    torch.testing.assert_close(ActionsAtStates(random_walkers([3, 7]), [3, 7], ONES).act(states, "test"), mean)


def test_samples_differ_and_lie_in_the_box_of_the_data():
    found = ActionsAtStates(random_walkers([0]), [0], ONES, 50).act(observations(), "test")
    assert found.std(2).min() > 0
    assert found.abs().max() <= 1


def test_densities_are_per_unit_of_the_environments_actions():
    policies, states = ActionsAtStates(random_walkers([0]), [0], ONES), observations(1)
    side = np.linspace(-3, 3, 301)
    grid = torch.from_numpy(np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)).float()
    density = policies.log_density(states.expand(len(grid), 2), grid).exp().double()
    assert float(density.sum()) * (side[1] - side[0]) ** 2 == pytest.approx(1, abs=0.01)


def test_agents_that_remember_or_are_of_other_seeds_are_refused():
    with pytest.raises(UserError, match="fitted Q evaluation needs policies of the state alone"):
        ActionsAtStates(Still(1), [0], ONES)
    with pytest.raises(UserError, match="--seeds: the policies are of 2 seeds, not of 1"):
        ActionsAtStates(random_walkers([3, 7]), [3], ONES)

from math import atanh

import torch

from stages.agents.contract import Conditions
from stages.artifacts import Artifact
from stages.networks.ensemble import Ensemble
from stages.networks.normaliser import Normaliser
from stages.safety.limits.caps_agent import CapsAgent, artifact_of_heads, choose_heads

PLAIN = Normaliser(torch.zeros(1), torch.ones(1), torch.zeros(1), torch.ones(1))


def test_the_best_head_that_fits_is_chosen_else_the_cheapest():
    rewards = torch.tensor([[3.0, 2.0, 1.0]] * 5)
    costs = torch.tensor([[5.0, 3.0, 1.0]] * 5)
    allowed = torch.tensor([9.0, 4.0, 2.0, 0.5, 5.0])
    assert choose_heads(rewards, costs, allowed).tolist() == [0, 1, 2, 2, 1]


def test_a_better_reward_wins_among_those_that_fit_wherever_it_stands():
    rewards, costs = torch.tensor([[1.0, 4.0, 2.0]]), torch.tensor([[0.0, 2.0, 1.0]])
    assert choose_heads(rewards, costs, torch.tensor([3.0])).tolist() == [1]
    assert choose_heads(rewards, costs, torch.tensor([1.5])).tolist() == [2]


def test_without_a_budget_the_cheapest_head_acts_even_if_costs_are_estimated_below_zero():
    rewards, costs = torch.tensor([[9.0, 1.0]]), torch.tensor([[-0.1, -0.3]])
    assert choose_heads(rewards, costs, torch.tensor([0.0])).tolist() == [1]
    assert choose_heads(rewards, costs, torch.tensor([0.01])).tolist() == [0]


def hand_made(seeds: int = 1, cost: float = 2.0, horizon: int = 4) -> Artifact:
    """Two heads with the actions 0.5 and -0.5; reward value a, cost value `cost` for the first and 0 for the second."""
    policy, critics = Ensemble((1, 2), seeds), Ensemble((2, 1), seeds, 4)
    heads, judges = torch.zeros(policy.num_parameters), torch.zeros(critics.num_parameters)
    policy.views(heads)[1][:, 0] = torch.tensor([atanh(0.5), -atanh(0.5)])
    weight, bias = (view.view(seeds, 4, -1) for view in critics.views(judges))
    weight[:, :2, 1] = 1.0
    weight[:, 2:, 1] = -cost
    bias[:, 2:, 0] = -cost / 2
    # The other twin of either pair is the hopeful one, which does not count.
    bias[:, 1::2, 0] += 1.0
    units = {"cost_scale": 1.0, "discount": 0.5, "horizon": horizon}
    made = artifact_of_heads(policy, critics, (heads, judges), PLAIN, units, {})
    made.metadata["seeds"] = list(range(seeds))
    return made


def test_offers_are_each_head_s_action_and_the_cautious_twin_s_values():
    agent = CapsAgent.load(hand_made())
    actions, rewards, costs = agent.offers(torch.zeros(1, 3, 1))
    torch.testing.assert_close(actions, torch.tensor([0.5, -0.5]).expand(1, 3, 2))
    torch.testing.assert_close(rewards, torch.tensor([0.5, -0.5]).expand(1, 3, 2))
    torch.testing.assert_close(costs, torch.tensor([2.0, 0.0]).expand(1, 3, 2))


def test_heads_switch_as_the_budget_runs_down():
    agent = CapsAgent.load(hand_made())
    agent.begin(Conditions(torch.tensor([0, 0, 0]), torch.tensor([8.0, 4.0, 0.0])))
    # Over four steps a budget l allows l (1 - 1/16) / 2 = 0.47 l: 3.75, 1.9 and 0, against the first head's 2.
    state = torch.zeros(3, 1)
    assert agent.act(state)[:, 0].tolist() == [0.5, -0.5, -0.5]
    agent.observe(torch.zeros(3), torch.tensor([5.0, 0.0, 1.0]))
    # Three steps: 0.58 l of 3, 4 and -1.
    assert agent.act(state)[:, 0].tolist() == [-0.5, 0.5, -0.5]
    for _ in range(9):
        agent.observe(torch.zeros(3), torch.zeros(3))
    # From the last step on nothing is discounted: 3, 4 and -1.
    assert agent.act(state)[:, 0].tolist() == [0.5, 0.5, -0.5]


def test_every_agent_follows_its_own_seed_and_its_costs_count_in_their_own_unit():
    made = hand_made(seeds=2)
    made.tensors["policy/parameters"] = made.tensors["policy/parameters"].clone()
    Ensemble((1, 2), 2).views(made.tensors["policy/parameters"])[1][1, 0, 0] = atanh(0.25)
    agent = CapsAgent.load(made)
    agent.begin(Conditions(torch.tensor([1, 0, 1]), torch.tensor([100.0, 100.0, 0.0])))
    torch.testing.assert_close(agent.act(torch.zeros(3, 1))[:, 0], torch.tensor([0.25, 0.5, -0.5]))
    agent.cost_scale = 1000.0
    assert (agent.act(torch.zeros(3, 1))[:, 0] == -0.5).all()

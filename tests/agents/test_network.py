import pytest
import torch

from stages.agents.network import NetworkAgent
from stages.errors import UserError
from stages.networks.ensemble import Ensemble
from tests.agents.constant import PLAIN, SCALED, constant, first_actions


def test_observations_are_normalised_before_the_networks_see_them():
    policy = Ensemble((1, 2))
    flat = torch.zeros(policy.num_parameters)
    policy.views(flat)[0][0, 0, 0] = 1.0
    agent = NetworkAgent(policy, flat, SCALED, squashed=False)
    assert first_actions(agent, [14.0]) == pytest.approx([(14 - 10) / 2 * 4 + 5])


def test_noise_moves_the_action_by_a_standard_deviation_in_physical_units():
    policy = Ensemble((1, 2))
    agent = NetworkAgent(policy, constant(policy, [[[0.5, 0.0]]]), SCALED, squashed=False)
    assert first_actions(agent, [0.0], noise=1.0) == pytest.approx([1.5 * 4 + 5])
    assert first_actions(agent, [0.0], noise=0.0) == first_actions(agent, [0.0]) == pytest.approx([0.5 * 4 + 5])


def test_squashed_policies_are_deterministic_and_bounded():
    policy = Ensemble((1, 1))
    agent = NetworkAgent(policy, constant(policy, [[[100.0]]]), SCALED, squashed=True)
    assert first_actions(agent, [0.0], noise=1.0) == pytest.approx([9.0])
    assert agent.followed is None


@pytest.mark.parametrize(
    ("head", "mean", "moved"),
    [
        ("gaussian", 0.8, 1.8),
        ("bounded_gaussian", 0.664, 1.0),  # tanh 0.8; a deviation further lies beyond the box
        ("tanh_gaussian", 0.664, 0.947),  # tanh 1.8
        ("deterministic", 0.664, 0.664),
    ],
)
def test_heads_say_what_outputs_mean(head, mean, moved):
    policy = Ensemble((1, 1 if head == "deterministic" else 2))
    outputs = [[[0.8]]] if head == "deterministic" else [[[0.8, 0.0]]]
    agent = NetworkAgent(policy, constant(policy, outputs), PLAIN, squashed=False, head=head)
    assert first_actions(agent, [0.0]) == pytest.approx([mean], abs=1e-3)
    assert first_actions(agent, [0.0], noise=1.0) == pytest.approx([moved], abs=1e-3)


def test_each_agent_follows_the_network_of_its_seed_in_any_order():
    policy = Ensemble((1, 2), num_seeds=3)
    agent = NetworkAgent(policy, constant(policy, [[[0.1, 0]], [[0.2, 0]], [[0.3, 0]]]), PLAIN, squashed=False)
    seeds = torch.tensor([2, 0, 1, 0])
    assert first_actions(agent, [0.0] * 4, seed_index=seeds) == pytest.approx([0.3, 0.1, 0.2, 0.1])
    assert agent.num_seeds == 3


def limited() -> NetworkAgent:
    policy = Ensemble((1, 1), num_seeds=2, num_members=2)
    return NetworkAgent(policy, constant(policy, [[[0.1], [0.2]], [[0.3], [0.4]]]), PLAIN, True, limits=(10.0, 40.0))


def test_each_agent_follows_the_network_of_its_limit():
    seeds, limits = torch.tensor([0, 1, 1]), torch.tensor([40.0, 10.0, 40.0])
    found = first_actions(limited(), [0.0] * 3, seed_index=seeds, limits=limits)
    assert found == pytest.approx(torch.tensor([0.2, 0.3, 0.4]).tanh().tolist())


def test_without_a_limit_policies_of_limits_do_not_act():
    with pytest.raises(UserError, match="act under cost limits, none were given"):
        first_actions(limited(), [0.0])


def test_a_limit_that_was_not_trained_for_is_refused():
    with pytest.raises(UserError, match=r"no policy was trained for the cost limit 3\b.*Choose among 10, 40"):
        first_actions(limited(), [0.0, 0.0], limits=torch.tensor([10.0, 3.0]))

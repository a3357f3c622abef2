from dataclasses import replace

import pytest
import torch

from stages.agents.agents import NetworkAgent, StitchedAgent, load_agent
from stages.artifacts import Artifact
from stages.errors import UserError
from stages.networks.ensemble import Ensemble
from stages.networks.normaliser import Normaliser

PLAIN = Normaliser(torch.zeros(1), torch.ones(1), torch.zeros(1), torch.ones(1))
SCALED = Normaliser(torch.tensor([10.0]), torch.tensor([2.0]), torch.tensor([5.0]), torch.tensor([4.0]))


def constant(ensemble: Ensemble, outputs: list[list[list[float]]]) -> torch.Tensor:
    """Parameters of networks without hidden layers that answer ``outputs[seed][member]`` whatever they are asked."""
    flat = torch.zeros(ensemble.num_parameters)
    ensemble.views(flat)[1].copy_(torch.tensor(outputs).reshape(ensemble.num_networks, 1, -1))
    return flat


def stitched(
    chances: list[float], values: list[float], ratio: float | None, normaliser: Normaliser = PLAIN
) -> StitchedAgent:
    """One seed, three clusters whose mean actions are 0.1, 0.2 and 0.3 and whose standard deviation is one."""
    policies, classifier = Ensemble((1, 2), 1, 3), Ensemble((1, 3))
    return StitchedAgent(
        policies=policies,
        policy_parameters=constant(policies, [[[0.1, 0.0], [0.2, 0.0], [0.3, 0.0]]]),
        classifier=classifier,
        classifier_parameters=constant(classifier, [[torch.tensor(chances).log().tolist()]]),
        normaliser=normaliser,
        in_distribution_ratio=ratio,
        high_level=classifier,
        high_level_parameters=constant(classifier, [[values]]),
    )


def chosen(agent: StitchedAgent) -> int:
    _, clusters = agent.act(torch.zeros(1, 1, 1), torch.zeros(1, 1, 1))
    return int(clusters)


CHANCES = [0.5, 0.4, 0.1]
VALUES = [-3.0, -2.0, -1.0]


@pytest.mark.parametrize(
    ("ratio", "cluster"),
    [
        (None, 2),  # all may be chosen: the best
        (5.01, 2),  # 0.1 >= 0.5 / 5.01
        (4.99, 1),  # 0.1 < 0.5 / 4.99, 0.4 is likely enough
        (1.26, 1),
        (1.24, 0),
        (1.0, 0),  # only the likeliest
    ],
)
def test_only_clusters_likely_enough_at_the_state_are_chosen(ratio, cluster):
    assert chosen(stitched(CHANCES, VALUES, ratio)) == cluster


def test_among_allowed_clusters_the_most_valuable_is_chosen():
    assert chosen(stitched([0.4, 0.3, 0.3], [-1.0, -2.0, -3.0], 5.0)) == 0
    assert chosen(stitched([0.3, 0.3, 0.4], [-2.0, -1.0, -3.0], 5.0)) == 1


def test_the_choice_depends_on_the_state():
    agent = stitched(CHANCES, VALUES, 5.01)
    weight, _ = agent.high_level.views(agent.high_level_parameters)
    weight[0, 0] = torch.tensor([10.0, 0.0, 0.0])
    agent = replace(agent, classifier_parameters=torch.zeros_like(agent.classifier_parameters))
    _, clusters = agent.act(torch.tensor([[[-1.0], [0.0], [1.0]]]), torch.zeros(1, 3, 1))
    assert clusters.tolist() == [[2, 2, 0]]


def test_the_action_is_that_of_the_chosen_cluster_in_physical_units():
    agent = stitched(CHANCES, VALUES, None, SCALED)
    mean, _ = agent.act(torch.zeros(1, 1, 1), torch.zeros(1, 1, 1))
    drawn, _ = agent.act(torch.zeros(1, 1, 1), torch.ones(1, 1, 1))
    assert mean.item() == pytest.approx(0.3 * 4 + 5)
    assert drawn.item() == pytest.approx(1.3 * 4 + 5)


@pytest.mark.parametrize("cluster", [0, 1, 2])
def test_one_cluster_alone(cluster):
    agent = stitched(CHANCES, VALUES, 5.0).of_cluster(cluster)
    actions, clusters = agent.act(torch.zeros(1, 4, 1), torch.zeros(1, 4, 1))
    assert (clusters == cluster).all()
    torch.testing.assert_close(actions, torch.full((1, 4, 1), (cluster + 1) / 10))


def test_observations_are_normalised_before_the_networks_see_them():
    policy = Ensemble((1, 2))
    flat = torch.zeros(policy.num_parameters)
    policy.views(flat)[0][0, 0, 0] = 1.0
    agent = NetworkAgent(policy, flat, SCALED, squashed=False)
    actions, _ = agent.act(torch.tensor([[[14.0]]]), torch.zeros(1, 1, 1))
    assert actions.item() == pytest.approx((14 - 10) / 2 * 4 + 5)


def test_squashed_policies_are_deterministic_and_bounded():
    policy = Ensemble((1, 1))
    agent = NetworkAgent(policy, constant(policy, [[[100.0]]]), SCALED, squashed=True)
    actions, clusters = agent.act(torch.zeros(1, 1, 1), torch.ones(1, 1, 1))
    assert actions.item() == pytest.approx(9.0)
    assert clusters.tolist() == [[-1]]


def test_each_seed_follows_its_own_networks():
    policy = Ensemble((1, 2), num_seeds=3)
    agent = NetworkAgent(policy, constant(policy, [[[0.1, 0]], [[0.2, 0]], [[0.3, 0]]]), PLAIN, squashed=False)
    actions, _ = agent.act(torch.zeros(3, 2, 1), torch.zeros(3, 2, 1))
    torch.testing.assert_close(actions[:, 0, 0], torch.tensor([0.1, 0.2, 0.3]))
    assert agent.num_seeds == 3


def files(scale: float = 1.0) -> dict[str, Artifact]:
    policies, classifier = Ensemble((1, 2), 1, 3), Ensemble((1, 3))
    normaliser = {f"normaliser/{name}": tensor for name, tensor in PLAIN.tensors().items()}
    behaviours = constant(policies, [[[0.1, 0.0], [0.2, 0.0], [0.3, 0.0]]])
    clusters = {"behaviours/parameters": behaviours, "classifier/parameters": constant(classifier, [[[0.0, 0.0, 0.0]]])}
    shapes = {"seeds": [0], "num_clusters": 3, "behaviour_sizes": [1, 2], "classifier_sizes": [1, 3]}
    return {
        "clusters": Artifact(clusters | normaliser, {"kind": "clusters", **shapes}),
        "improved": Artifact({"policies/parameters": 2 * behaviours}, {"kind": "improved"}),
        "high_level": Artifact(
            {"q/parameters": constant(classifier, [[VALUES]])}, {"kind": "high_level", "q_sizes": [1, 3]}
        ),
        "offline": Artifact(
            {"policy/parameters": torch.zeros(4)} | normaliser,
            {"kind": "offline", "policy_sizes": [1, 2], "squashed": False, "seeds": [0]},
        ),
    }


@pytest.mark.parametrize(
    ("names", "action", "cluster"),
    [
        (["clusters"], 0.1, 0),
        (["clusters", "high_level"], 0.3, 2),
        (["high_level", "improved", "clusters"], 0.6, 2),
        (["improved", "clusters"], 0.2, 0),
        (["offline"], 0.0, -1),
    ],
)
def test_files_make_up_an_agent_in_any_order(names, action, cluster):
    agent = load_agent([files()[name] for name in names], in_distribution_ratio=5.0)
    actions, clusters = agent.act(torch.zeros(1, 1, 1), torch.zeros(1, 1, 1))
    assert actions.item() == pytest.approx(action)
    assert clusters.item() == cluster


@pytest.mark.parametrize("names", [["improved"], ["high_level", "improved"], ["offline", "clusters"]])
def test_files_that_do_not_belong_together_are_refused(names):
    with pytest.raises(UserError, match="do not make up an agent"):
        load_agent([files()[name] for name in names])

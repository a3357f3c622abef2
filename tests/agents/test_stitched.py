import math

import pytest
import torch

from stages.agents.stitched import StitchedAgent, in_distribution, with_episodes
from stages.clustering.cluster_networks import GAUSSIAN
from stages.networks.ensemble import Ensemble
from stages.networks.normaliser import Normaliser
from tests.agents.constant import PLAIN, SCALED, constant, first_actions

ALL = (True, True, True)


def stitched(
    chances: list[float],
    values: list[float],
    ratio: float | None,
    normaliser: Normaliser = PLAIN,
    exists: tuple[bool, ...] = ALL,
    head: str = GAUSSIAN,
) -> StitchedAgent:
    """One seed, three clusters whose outputs are 0.1, 0.2 and 0.3, with standard deviations of one."""
    policies, classifier = Ensemble((1, 2), 1, 3), Ensemble((1, 3))
    return StitchedAgent(
        policies=policies,
        policy_parameters=constant(policies, [[[0.1, 0.0], [0.2, 0.0], [0.3, 0.0]]]),
        classifier=classifier,
        classifier_parameters=constant(classifier, [[torch.tensor(chances).log().tolist()]]),
        exists=torch.tensor([exists]),
        normaliser=normaliser,
        in_distribution_ratio=ratio,
        high_level=classifier,
        high_level_parameters=constant(classifier, [[values]]),
        head=head,
    )


def chosen(agent: StitchedAgent) -> int:
    first_actions(agent, [0.0])
    return int(agent.followed)


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


@pytest.mark.parametrize("ratio", [None, 100.0, 5.0])
def test_a_cluster_without_episodes_is_never_chosen(ratio):
    """However good and however likely the networks hold it to be: they saw nothing of it."""
    assert chosen(stitched([0.05, 0.05, 0.9], VALUES, ratio, exists=(True, True, False))) == 1
    assert chosen(stitched([0.05, 0.9, 0.05], VALUES, ratio, exists=(False, True, False))) == 1


def test_likelihoods_are_compared_among_the_clusters_with_episodes():
    logits = torch.log(torch.tensor([[0.6, 0.3, 0.1], [0.2, 0.2, 0.6]]))
    exists = torch.tensor([[True, True, True], [True, True, False]])
    assert in_distribution(logits, exists, 5.0).tolist() == [[True, True, False], [True, True, False]]
    assert torch.equal(in_distribution(logits, exists, None), exists)


def test_clusters_have_episodes_where_labels_name_them():
    labels = torch.tensor([[0, 2, 2], [1, 0, 2]], dtype=torch.int16)
    assert with_episodes(labels, 3).tolist() == [[True, False, True], [True, True, True]]


def test_the_choice_depends_on_the_state():
    agent = stitched([1.0, 1.0, 1.0], VALUES, 5.01)
    weight, _ = agent.high_level.views(agent.high_level_parameters)
    weight[0, 0] = torch.tensor([10.0, 0.0, 0.0])
    first_actions(agent, [-1.0, 0.0, 1.0])
    assert agent.followed.tolist() == [2, 2, 0]


def test_the_action_is_that_of_the_chosen_cluster_in_physical_units():
    agent = stitched(CHANCES, VALUES, None, SCALED)
    assert first_actions(agent, [0.0]) == pytest.approx([0.3 * 4 + 5])
    assert first_actions(agent, [0.0], noise=1.0) == pytest.approx([1.3 * 4 + 5])


@pytest.mark.parametrize("ratio", [None, 5.0])
def test_agents_follow_the_clusters_they_are_told(ratio):
    agent = stitched(CHANCES, VALUES, ratio)
    clusters = torch.tensor([1, 0, 2, 1])
    assert first_actions(agent, [0.0] * 4, clusters=clusters) == pytest.approx([0.2, 0.1, 0.3, 0.2])
    assert agent.followed.tolist() == clusters.tolist()
    assert chosen(agent) == chosen(stitched(CHANCES, VALUES, ratio))


def test_bounded_policies_act_by_the_tanh_of_their_mean():
    agent = stitched(CHANCES, VALUES, None, head="bounded_gaussian")
    assert first_actions(agent, [0.0]) == pytest.approx([math.tanh(0.3)])

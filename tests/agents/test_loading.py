import pytest
import torch

from stages.agents.loading import load_agent
from stages.artifacts import Artifact
from stages.errors import UserError
from stages.networks.ensemble import Ensemble
from tests.agents.constant import PLAIN, constant, first_actions


def files() -> dict[str, Artifact]:
    policies, classifier = Ensemble((1, 2), 1, 3), Ensemble((1, 3))
    normaliser = {f"normaliser/{name}": tensor for name, tensor in PLAIN.tensors().items()}
    behaviours = constant(policies, [[[0.1, 0.0], [0.2, 0.0], [0.3, 0.0]]])
    clusters = {
        "labels": torch.tensor([[0, 1, 2, 1]]),
        "behaviours/parameters": behaviours,
        "classifier/parameters": constant(classifier, [[[0.0, 0.0, 0.0]]]),
    }
    shapes = {"seeds": [0], "num_clusters": 3, "behaviour_sizes": [1, 2], "classifier_sizes": [1, 3]}
    q = constant(classifier, [[[-3.0, -2.0, -1.0]]])
    policy = {"policy/parameters": torch.zeros(4)} | normaliser
    shape = {"policy_sizes": [1, 2], "squashed": False, "seeds": [0]}
    # Actions .4, .5 and .6, by a network of an algorithm for each cluster; cluster 1 has the best episodes.
    each = {
        "policy/parameters": constant(policies, [[[0.4, 0.0], [0.5, 0.0], [0.6, 0.0]]]),
        "best_cluster": torch.tensor([1]),
    }
    safe = {"kind": "safe", "method": "bc_safe", "policy_limits": [2.0], "limits": [2.0]}
    return {
        "clusters": Artifact(clusters | normaliser, {"kind": "clusters", **shapes}),
        "improved": Artifact({"policies/parameters": 2 * behaviours}, {"kind": "improved"}),
        "high_level": Artifact({"q/parameters": q}, {"kind": "high_level", "q_sizes": [1, 3]}),
        "by_cluster": Artifact(each | normaliser, {**shape, "kind": "by_cluster", "num_clusters": 3}),
        "offline": Artifact(policy, {"kind": "offline", **shape}),
        "safe": Artifact(policy, safe | shape),
        "foreign": Artifact({}),
    }


@pytest.mark.parametrize(
    ("names", "action", "cluster"),
    [
        (["clusters"], 0.1, 0),
        (["clusters", "high_level"], 0.3, 2),
        (["high_level", "improved", "clusters"], 0.6, 2),
        (["improved", "clusters"], 0.2, 0),
        (["by_cluster"], 0.5, 1),
        (["by_cluster", "clusters", "high_level"], 0.6, 2),
        (["offline"], 0.0, None),
        (["safe"], 0.0, None),
    ],
)
def test_files_make_up_an_agent_in_any_order(names, action, cluster):
    agent = load_agent([files()[name] for name in names], in_distribution_ratio=5.0)
    assert first_actions(agent, [0.0], limits=torch.tensor([2.0])) == pytest.approx([action])
    assert (None if agent.followed is None else agent.followed.item()) == cluster


@pytest.mark.parametrize(
    "names",
    [
        ["improved"],
        ["high_level", "improved"],
        ["offline", "clusters"],
        ["by_cluster", "clusters"],
        ["by_cluster", "clusters", "high_level", "improved"],
        ["offline", "offline"],
        ["clusters", "high_level", "high_level"],
        ["safe", "clusters"],
        ["foreign"],
        [],
    ],
    ids=str,
)
def test_files_that_do_not_belong_together_are_refused(names):
    with pytest.raises(UserError, match="do not make up an agent"):
        load_agent([files()[name] for name in names])

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from stages.agents.stitched import StitchedAgent
from stages.environments.navigation import Navigation, NavigationSettings
from stages.evaluation.returns import evaluate
from stages.evaluation.settings import EvaluationSettings
from stages.networks.ensemble import Ensemble
from tests.evaluation.agents import ONES, Countdown, Still


class Plane(Countdown):
    """A countdown seen as a position in the plane."""

    observation_low, observation_high = np.zeros(2), np.full(2, 100.0)

    def reset(self, num_agents, generator):
        return np.repeat(super().reset(num_agents, generator), 2, axis=1)

    def step(self, actions):
        step = super().step(actions)
        return step._replace(observations=np.repeat(step.observations, 2, axis=1))


def task(steps: int) -> Navigation:
    return Navigation(NavigationSettings(max_episode_steps=steps))


def test_paths_and_choices_end_with_their_episode():
    found = evaluate(Plane, Still(1, cluster=0), [3], EvaluationSettings(episodes=3, drawn=2))
    assert found["seeds"].tolist() == [3]
    np.testing.assert_array_equal(found["paths"][0, :, :, 0], [[1, np.nan, np.nan], [2, 1, np.nan]])
    assert found["choices"].tolist() == [[[0, -1, -1], [0, 0, -1]]]
    assert found["returns"].shape == (1, 3)
    assert found["cluster_returns"].shape == (1, 0, 0)


def test_without_clusters_there_are_no_choices():
    found = evaluate(Plane, Still(1), [3], EvaluationSettings(episodes=3, drawn=2))
    assert (found["choices"] == -1).all()


def test_nothing_is_drawn_where_observations_are_no_positions():
    found = evaluate(Countdown, Still(2), [0, 1], EvaluationSettings(episodes=3))
    assert found["paths"].shape == (2, 0, 0, 2)
    assert found["choices"].shape == (2, 0, 0)


def test_what_is_kept_has_the_same_types_whether_or_not_anything_is_drawn():
    for drawn in (0, 2):
        found = evaluate(Plane, Still(1), [3], EvaluationSettings(episodes=3, drawn=drawn))
        types = {name: str(values.dtype) for name, values in found.items()}
        assert types == {
            "seeds": "int64", "returns": "float64", "costs": "float64", "lengths": "int64", "terminated": "bool",
            "paths": "float32", "choices": "int8", "cluster_returns": "float64",
        }  # fmt: skip


def stitched() -> StitchedAgent:
    """Cluster 0 walks to the upper right, cluster 1 stays; the high-level policy prefers cluster 1."""
    policies, heads = Ensemble((2, 4), 1, 2), Ensemble((2, 2))
    parameters, values = torch.zeros(policies.num_parameters), torch.zeros(heads.num_parameters)
    policies.views(parameters)[1][0, 0] = torch.tensor([1.0, 1.0, -5.0, -5.0])
    heads.views(values)[1][0, 0] = torch.tensor([0.0, 1.0])
    exists = torch.tensor([[True, True]])
    return StitchedAgent(policies, parameters, heads, torch.zeros_like(values), exists, ONES, 5.0, heads, values)


def test_each_cluster_is_also_run_alone():
    found = evaluate(lambda: task(250), stitched(), [0], EvaluationSettings(episodes=4))
    assert found["cluster_returns"].shape == (1, 2, 4)
    assert found["terminated"].sum() == 0
    assert (found["choices"] == 1).all()
    np.testing.assert_array_equal(found["returns"][0], found["cluster_returns"][0, 1])
    assert (found["cluster_returns"][0, 0] > -160).all()
    assert (found["cluster_returns"][0, 1] == -250).all()


def test_runs_of_single_clusters_can_be_left_out():
    settings = EvaluationSettings(episodes=2, cluster_returns=False)
    assert evaluate(lambda: task(5), stitched(), [0], settings)["cluster_returns"].shape == (1, 0, 0)


def test_a_ratio_that_allows_no_cluster_is_refused():
    with pytest.raises(ValidationError, match="in_distribution_ratio"):
        EvaluationSettings(in_distribution_ratio=0.5)

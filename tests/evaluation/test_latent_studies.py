"""Latents are looked into with a policy whose action is its embedding, so that what comes out is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from stages.agents.told import ToldAgent
from stages.artifacts import Artifact, prefixed
from stages.environments.navigation import Navigation, NavigationSettings
from stages.errors import UserError
from stages.evaluation.latent_rows import LatentRow
from stages.evaluation.latent_studies import study
from stages.evaluation.settings import LatentStudySettings
from stages.networks.ensemble import Ensemble
from stages.networks.normaliser import Normaliser
from tests.synthetic import two_policies

TASK = NavigationSettings(size=6, goal=(6, 6), penalty_boxes=[(1, 0, 6, 6)], max_episode_steps=20)
DATASET = two_policies(6, steps=5)
# Author a is told to stay, b to go right, into the penalty.
VECTORS = torch.tensor([[-0.05, 0.0], [0.85, 0.0], [0.05, 0.0], [1.05, 0.0]]).expand(2, -1, -1)
LEVELS = torch.tensor([0, 1, 0, 1])


def agent(vectors: torch.Tensor = VECTORS) -> ToldAgent:
    """Two seeds' policies with the mean action e, which ignore the state."""
    width = vectors.shape[2]
    policy = Ensemble((2 + width, 4), num_seeds=2)
    parameters = torch.zeros(policy.num_parameters)
    weights = policy.views(parameters)[0]
    weights[:, 2:, :2] = torch.eye(width, 2)
    normaliser = replace(Normaliser.of(DATASET), action_centre=torch.zeros(2), action_scale=torch.ones(2))
    tensors = {"policy/parameters": parameters, "told/vectors": vectors.contiguous(), "told/levels": LEVELS}
    facts = {"policy_sizes": policy.sizes, "seeds": [3, 7], "squashed": False}
    return ToldAgent.load(Artifact(tensors | prefixed("normaliser", normaliser.tensors()), facts))


def rows(**changes) -> list[LatentRow]:
    returns = np.where(DATASET.behaviour_policy == 0, 1.0, 0.0)  # a earns more
    rewards = np.repeat(returns, 5).astype(np.float32)
    settings = LatentStudySettings(rollouts=2, **changes)
    return study(lambda: Navigation(TASK), agent(), replace(DATASET, rewards=rewards), [3, 7], settings)


def test_a_line_leads_from_the_level_that_earns_less():
    found = [row for row in rows(points=3) if row.other and row.seed == 7]
    assert [(row.level, row.other, row.at) for row in found] == [("b", "a", 0.0), ("b", "a", 0.5), ("b", "a", 1.0)]
    # The embedding goes from 0.95 to 0 in the first of two coordinates.
    np.testing.assert_allclose([row.action_change for row in found], np.array([0, 0.475, 0.95]) / 2**0.5, rtol=1e-5)
    assert found[0].mean_return < found[-1].mean_return == -20


def test_each_dimension_is_moved_beside_the_level():
    found = [row for row in rows(offsets=(-0.5, 2.0), around="a") if not row.other and row.seed == 3]
    assert [(row.dimension, row.at) for row in found] == [(None, 0), (0, -0.5), (0, 2), (1, -0.5), (1, 2)]
    assert {row.level for row in found} == {"a"}
    np.testing.assert_allclose([row.action_change for row in found], np.array([0, 0.5, 1, 0.5, 1]) / 2**0.5, rtol=1e-5)
    # Actions end at the box. To the right is the penalty, upwards not.
    assert found[2].mean_return < found[0].mean_return == found[4].mean_return == -20


def test_what_cannot_be_looked_into_is_refused():
    with pytest.raises(UserError, match="around: unknown level 'c'"):
        rows(around="c")
    nothing = agent(torch.zeros(2, 4, 0))
    with pytest.raises(UserError, match="told nothing, so there is no latent"):
        study(lambda: Navigation(TASK), nothing, DATASET, [3, 7], LatentStudySettings())

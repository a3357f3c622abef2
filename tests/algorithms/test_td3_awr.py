import numpy as np
import pytest
import torch

from stages.algorithms.td3_awr import Td3Awr, Td3AwrSettings
from stages.training.job import Job
from tests.algorithms.bandits import bandit, mean_actions, trained, weighted_mean_action
from tests.algorithms.reference import (
    Network,
    assert_same_gradient,
    assert_same_loss,
    disturbed,
    fixed_batch,
    losses_and_gradient,
    of_seed,
)
from tests.synthetic import ragged

SMALLEST = [Td3AwrSettings(hidden_sizes=(16, 16), batch_size=50, num_steps=40, learning_rate=0.003)]


@pytest.fixture
def learner() -> Td3Awr:
    settings = Td3AwrSettings(hidden_sizes=(8, 7), actor_weight=0.7, temperature=8.0, expectile=0.8)
    learner = disturbed(Td3Awr(Job(ragged(), [0, 1]), settings))
    # The values of states are shifted to where half of the rows are ahead of them.
    bias = learner.values.ensemble.layers(learner.values.parameters.data)[-1][1]
    with torch.no_grad():
        for seed in range(2):
            values = Network(learner.values, seed, normed=True)
            bias[seed] += advantages(learner, of_seed(fixed_batch(learner), seed), seed, values).median()
    return learner


def advantages(learner, rows, seed, values) -> torch.Tensor:
    pairs = torch.cat([rows["observations"], rows["actions"]], 1)
    twins = [Network(learner.critics, seed, i, normed=True)(pairs) for i in range(2)]
    return torch.minimum(*twins).detach() - values(rows["observations"])


def test_values_follow_the_reference(learner):
    batch = fixed_batch(learner)
    losses, gradient = losses_and_gradient(learner.values, learner.fit_values, batch)
    for seed in range(2):
        values = Network(learner.values, seed, normed=True)
        ahead = advantages(learner, of_seed(batch, seed), seed, values)
        assert (ahead > 0).any()
        assert (ahead < 0).any()
        loss = ((0.8 - (ahead < 0).double()).abs() * ahead.pow(2)).mean()
        assert_same_loss(losses["value"][seed], loss)
        assert_same_gradient(learner.values, gradient, [values], loss)


def test_the_actor_follows_the_reference(learner):
    batch = fixed_batch(learner)
    losses, gradient = losses_and_gradient(learner.actor, learner.fit_actor, batch)
    for seed in range(2):
        rows, actor = of_seed(batch, seed), Network(learner.actor, seed)
        ahead = advantages(learner, rows, seed, Network(learner.values, seed, normed=True))
        weights = (8.0 * ahead).exp().clamp(max=100).detach()
        actions = torch.tanh(actor(rows["observations"]))
        twins = [Network(learner.critics, seed, i, normed=True) for i in range(2)]
        value = torch.minimum(*[q(torch.cat([rows["observations"], actions], 1)) for q in twins])
        cloning = (weights * (actions - rows["actions"]).pow(2)).sum(1).mean()
        loss = 0.7 * cloning - value.mean() / value.detach().abs().mean()
        assert_same_loss(losses["actor"][seed], loss)
        assert_same_gradient(learner.actor, gradient, [actor], loss)


def test_where_cloning_outweighs_the_critic_the_policy_is_the_weighted_mean():
    quick = {"hidden_sizes": [32], "batch_size": 64, "num_steps": 800, "learning_rate": 3e-3}
    made = trained(bandit(), "td3_awr", actor_weight=50.0, temperature=3.0, **quick)
    np.testing.assert_allclose(mean_actions(made), weighted_mean_action(3.0), atol=0.1)

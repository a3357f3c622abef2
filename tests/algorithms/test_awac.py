import numpy as np
import pytest
import torch

from stages.algorithms.awac import Awac, AwacSettings
from stages.training.job import Job
from tests.algorithms.bandits import bandit, mean_actions, trained, weighted_mean_action
from tests.algorithms.reference import (
    Network,
    assert_same_gradient,
    assert_same_loss,
    disturbed,
    fixed_batch,
    gaussian_log_prob,
    losses_and_gradient,
    of_seed,
)
from tests.synthetic import ragged

SMALLEST = [AwacSettings(hidden_sizes=(16, 16), batch_size=50, num_steps=40, learning_rate=0.003)]


@pytest.fixture
def learner() -> Awac:
    return disturbed(Awac(Job(ragged(), [0, 1]), AwacSettings(hidden_sizes=(8, 7), temperature=9.0)))


def sampled(actor: Network, observations: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
    mean, log_std = actor(observations).chunk(2, 1)
    return (torch.tanh(mean) + log_std.exp() * noise).clamp(-1, 1)


def smaller(learner: Awac, seed: int, target: bool, *pair: torch.Tensor) -> torch.Tensor:
    twins = [Network(learner.critics, seed, i, target=target)(torch.cat(pair, 1)) for i in range(2)]
    return torch.minimum(*twins)


def test_critics_follow_the_reference(learner):
    batch = fixed_batch(learner)
    losses, gradient = losses_and_gradient(learner.critics, learner.fit_critics, batch)
    for seed in range(2):
        rows, following = of_seed(batch, seed), of_seed(batch, seed)["next_observations"]
        actions = sampled(Network(learner.actor, seed), following, rows["target_noise"])
        target = rows["rewards"] + rows["discounts"] * smaller(learner, seed, True, following, actions)
        twins = [Network(learner.critics, seed, i) for i in range(2)]
        pairs = torch.cat([rows["observations"], rows["actions"]], 1)
        loss = sum((q(pairs) - target.detach()).pow(2).mean() for q in twins)
        assert_same_loss(losses["critic"][seed], loss)
        assert_same_gradient(learner.critics, gradient, twins, loss)


def test_the_actor_follows_the_reference(learner):
    batch = fixed_batch(learner)
    losses, gradient = losses_and_gradient(learner.actor, learner.fit_actor, batch)
    for seed in range(2):
        rows, actor = of_seed(batch, seed), Network(learner.actor, seed)
        seen = rows["observations"]
        expected = smaller(learner, seed, False, seen, sampled(actor, seen, rows["actor_noise"]))
        ahead = smaller(learner, seed, False, seen, rows["actions"]) - expected
        weights = (9.0 * ahead).exp().clamp(max=100).detach()[:, 0]
        mean, log_std = actor(seen).chunk(2, 1)
        loss = -(weights * gaussian_log_prob(torch.tanh(mean), log_std, rows["actions"])).mean()
        assert_same_loss(losses["actor"][seed], loss)
        assert_same_gradient(learner.actor, gradient, [actor], loss)


def test_the_policy_is_the_weighted_mean_of_the_data():
    quick = {"hidden_sizes": [32], "batch_size": 128, "num_steps": 800, "learning_rate": 3e-3}
    made = trained(bandit(), "awac", temperature=4.0, **quick)
    np.testing.assert_allclose(mean_actions(made), weighted_mean_action(4.0), atol=0.1)

import numpy as np
import pytest
import torch

from stages.algorithms.iql import Iql, IqlSettings, half_cosine
from stages.training.job import Job
from stages.training.loop import Loop
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

SMALLEST = [IqlSettings(hidden_sizes=(16, 16), batch_size=50, num_steps=40, learning_rate=0.003)]
QUICK = {"hidden_sizes": (32,), "batch_size": 128, "num_steps": 800, "learning_rate": 3e-3, "reward_scale": "plain"}


@pytest.fixture
def learner() -> Iql:
    settings = IqlSettings(hidden_sizes=(8, 7), temperature=9.0, expectile=0.8, reward_scale="deviation")
    return disturbed(Iql(Job(ragged(), [0, 1]), settings))


def advantages(learner: Iql, rows: dict[str, torch.Tensor], seed: int, values: Network) -> torch.Tensor:
    pairs = torch.cat([rows["observations"], rows["actions"]], 1)
    twins = [Network(learner.critics, seed, i, target=True)(pairs) for i in range(2)]
    return torch.minimum(*twins).detach() - values(rows["observations"])


def test_values_follow_the_reference(learner):
    batch = fixed_batch(learner)
    losses, gradient = losses_and_gradient(learner.values, learner.fit_values, batch)
    for seed in range(2):
        values = Network(learner.values, seed)
        ahead = advantages(learner, of_seed(batch, seed), seed, values)
        loss = ((0.8 - (ahead < 0).double()).abs() * ahead.pow(2)).mean()
        assert_same_loss(losses["value"][seed], loss)
        assert_same_gradient(learner.values, gradient, [values], loss)


def test_critics_follow_the_reference(learner):
    batch = fixed_batch(learner)
    losses, gradient = losses_and_gradient(learner.critics, learner.fit_critics, batch)
    for seed in range(2):
        rows = of_seed(batch, seed)
        target = rows["rewards"] + rows["discounts"] * Network(learner.values, seed)(rows["next_observations"])
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
        ahead = advantages(learner, rows, seed, Network(learner.values, seed))
        weights = (9.0 * ahead).exp().clamp(max=100).detach()[:, 0]
        mean, log_std = actor(rows["observations"]).chunk(2, 1)
        loss = -(weights * gaussian_log_prob(torch.tanh(mean), log_std, rows["actions"])).mean()
        assert_same_loss(losses["actor"][seed], loss)
        assert_same_gradient(learner.actor, gradient, [actor], loss)


@pytest.mark.parametrize("expectile", [0.5, 0.9])
def test_values_are_expectiles_of_the_rewards_and_at_a_half_their_mean(expectile):
    learner = Iql(Job(bandit(), [0, 1]), IqlSettings(expectile=expectile, **QUICK))
    loop = Loop(learner, learner.rows, learner.draws())
    rewards, expected = learner.job.dataset.rewards, learner.job.dataset.rewards.mean()
    if expectile == 0.5:
        assert expected == pytest.approx(-1 - 1 / 3 - 0.25, abs=0.02)
    for _ in range(100):  # the fixed point of what defines it
        weights = np.abs(expectile - (rewards < expected))
        expected = (weights * rewards).sum() / weights.sum()
    values = []
    for step in range(1000, 1501, 50):  # the values of one step stray by up to 0.08, their mean over steps by 0.024
        loop.run(step)
        values.append(learner.values(learner.job.observations[:200].expand(2, 1, -1, -1)).detach().mean((1, 2, 3)))
    np.testing.assert_allclose(np.mean(values, 0), expected, atol=0.05)


def test_the_policy_is_the_weighted_mean_of_the_data():
    made = trained(bandit(), "iql", temperature=4.0, **QUICK)
    np.testing.assert_allclose(mean_actions(made), weighted_mean_action(4.0), atol=0.1)


def test_rewards_are_scaled_to_the_published_range():
    job = Job(ragged(), [0])
    rows = Iql(job, IqlSettings(hidden_sizes=(8,))).rows.chunk(0, job.dataset.num_steps)
    returns = np.add.reduceat(rows["rewards"].flatten().numpy(), job.dataset.episode_starts)
    assert np.ptp(returns) == pytest.approx(1000, rel=1e-4)


def test_the_actors_step_size_falls_to_zero():
    shares = [float(half_cosine(100)(torch.tensor(step))) for step in (0.0, 50.0, 100.0, 200.0)]
    assert shares == pytest.approx([1.0, 0.5, 0.0, 0.0], abs=1e-6)

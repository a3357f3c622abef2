import numpy as np
import pytest
import torch

from stages.algorithms.onestep import Onestep, OnestepSettings
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
from tests.synthetic import dataset_of, ragged

SMALLEST = [OnestepSettings(hidden_sizes=(16, 16), batch_size=50, num_steps=40, learning_rate=0.003)]


@pytest.fixture
def learner() -> Onestep:
    settings = OnestepSettings(hidden_sizes=(8, 7), temperature=9.0, num_sampled_actions=3)
    return disturbed(Onestep(Job(ragged(), [0, 1]), settings))


def smaller(learner: Onestep, seed: int, target: bool, *pair: torch.Tensor) -> torch.Tensor:
    return torch.minimum(*[Network(learner.critics, seed, i, target=target)(torch.cat(pair, 1)) for i in range(2)])


def test_critics_follow_the_reference(learner):
    batch = fixed_batch(learner)
    losses, gradient = losses_and_gradient(learner.critics, learner.fit_critics, batch)
    for seed in range(2):
        rows = of_seed(batch, seed)
        following = smaller(learner, seed, True, rows["next_observations"], rows["next_actions"])
        target = (rows["rewards"] + rows["discounts"] * following).detach()
        twins = [Network(learner.critics, seed, i) for i in range(2)]
        pairs = torch.cat([rows["observations"], rows["actions"]], 1)
        loss = sum((q(pairs) - target).pow(2).mean() for q in twins)
        assert_same_loss(losses["critic"][seed], loss)
        assert_same_gradient(learner.critics, gradient, twins, loss)


def test_behaviour_and_actor_follow_the_reference(learner):
    batch = fixed_batch(learner)
    cloned, behaviour_gradient = losses_and_gradient(learner.behaviour, learner.fit_behaviour, batch)
    losses, gradient = losses_and_gradient(learner.actor, learner.fit_actor, batch)
    for seed in range(2):
        rows, seen = of_seed(batch, seed), of_seed(batch, seed)["observations"]
        behaviour, actor = Network(learner.behaviour, seed), Network(learner.actor, seed)
        mean, log_std = behaviour(seen).chunk(2, 1)
        loss = -gaussian_log_prob(torch.tanh(mean), log_std, rows["actions"]).mean()
        assert_same_loss(cloned["behaviour"][seed], loss)
        assert_same_gradient(learner.behaviour, behaviour_gradient, [behaviour], loss)
        draws = rows["sampled_noise"].unflatten(1, (3, 2))
        asked = [(torch.tanh(mean) + log_std.exp() * draws[:, i]).clamp(-1, 1) for i in range(3)]
        expected = sum(smaller(learner, seed, False, seen, actions) for actions in asked) / 3
        ahead = smaller(learner, seed, False, seen, rows["actions"]) - expected
        weights = (9.0 * ahead).exp().clamp(max=100).detach()[:, 0]
        mean, log_std = actor(seen).chunk(2, 1)
        loss = -(weights * gaussian_log_prob(torch.tanh(mean), log_std, rows["actions"])).mean()
        assert_same_loss(losses["actor"][seed], loss)
        assert_same_gradient(learner.actor, gradient, [actor], loss)


def test_critics_value_the_behaviour_and_nothing_better():
    """A corridor of two steps: the second one earns 1 or 0 with equal chance, whatever the first."""
    random = np.random.default_rng(0)
    second = np.repeat(random.integers(0, 2, 600), 2)
    late = np.tile([0, 1], 600)
    actions = np.where(late == 1, 2 * second - 1, 0)[:, None] + 0.0
    dataset = dataset_of(late[:, None] + 0.0, actions, late * second, [2] * 600)
    settings = {"hidden_sizes": (32,), "batch_size": 128, "learning_rate": 3e-3, "discount": 0.9}
    learner = Onestep(Job(dataset, [0, 1]), OnestepSettings(target_update_rate=0.05, **settings))
    Loop(learner, learner.rows, learner.draws()).run(1200)
    first = learner.rows.chunk(0, 1)
    pairs = torch.cat([first["observations"], first["actions"]], -1).expand(2, -1, -1, -1)
    found = learner.critics(pairs).detach().mean()
    assert float(found) == pytest.approx(0.9 * second.mean(), abs=0.05)  # 0.9 for the best action


def test_the_policy_is_the_weighted_mean_of_the_data():
    quick = {"hidden_sizes": [32], "batch_size": 128, "num_steps": 800, "learning_rate": 3e-3}
    made = trained(bandit(), "onestep", temperature=4.0, **quick)
    np.testing.assert_allclose(mean_actions(made), weighted_mean_action(4.0), atol=0.1)

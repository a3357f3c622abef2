import math

import numpy as np
import pytest
import torch

from stages.algorithms.cql import Cql, CqlSettings
from stages.networks import tanh_gaussian
from stages.training.job import Job
from tests.algorithms.bandits import GRID, bandit, mean_actions, trained
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

SMALLEST = [
    CqlSettings(
        hidden_sizes=(16, 16), batch_size=50, num_steps=40, learning_rate=0.003, actor_learning_rate=0.003,
        num_sampled_actions=2,
    ),
]  # fmt: skip


@pytest.fixture
def learner() -> Cql:
    settings = CqlSettings(hidden_sizes=(8, 7), conservative_weight=2.5, num_sampled_actions=3)
    learner = disturbed(Cql(Job(ragged(), [0, 1]), settings))
    learner.temperature.parameters.data.fill_(0.4)
    return learner


def squashed(actor: Network, states: torch.Tensor, noise: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Actions and their log density, by torch's own distributions."""
    mean, log_std = actor(states).chunk(2, 1)
    normal = torch.distributions.Normal(mean, log_std.clamp(-5, 2).exp())
    raw = mean + log_std.clamp(-5, 2).exp() * noise
    log_prob = (normal.log_prob(raw) - torch.log(1 - torch.tanh(raw).pow(2))).sum(1)
    return torch.tanh(raw), log_prob


def log_integral(learner: Cql, rows: dict[str, torch.Tensor], seed: int, critic: Network) -> torch.Tensor:
    """The logarithm of the importance-weighted mean of exp Q, sample by sample."""
    actor, terms = Network(learner.actor, seed), []
    for i in range(3):
        noise = {name: rows[f"{name}_noise"].unflatten(1, (3, 2))[:, i] for name in ("uniform", "present", "following")}
        uniform = torch.erf(noise["uniform"] / math.sqrt(2))
        drawn = [(uniform, torch.full((len(uniform),), math.log(0.25)).double())]
        drawn.append(squashed(actor, rows["observations"], noise["present"]))
        drawn.append(squashed(actor, rows["next_observations"], noise["following"]))
        for actions, log_density in drawn:
            value = critic(torch.cat([rows["observations"], actions.detach()], 1))[:, 0]
            terms.append(value.exp() / log_density.exp().detach())
    return torch.log(sum(terms) / 9)


def test_critics_follow_the_reference(learner):
    batch = fixed_batch(learner)
    losses, gradient = losses_and_gradient(learner.critics, learner.fit_critics, batch)
    for seed in range(2):
        rows, following = of_seed(batch, seed), of_seed(batch, seed)["next_observations"]
        actions, _ = squashed(Network(learner.actor, seed), following, rows["target_noise"])
        values = [Network(learner.critics, seed, i, target=True)(torch.cat([following, actions], 1)) for i in range(2)]
        target = (rows["rewards"] + rows["discounts"] * torch.minimum(*values)).detach()
        twins = [Network(learner.critics, seed, i) for i in range(2)]
        pairs = torch.cat([rows["observations"], rows["actions"]], 1)
        error = sum((q(pairs) - target).pow(2).mean() for q in twins)
        conservative = 2.5 * sum((log_integral(learner, rows, seed, q) - q(pairs)[:, 0]).mean() for q in twins)
        assert_same_loss(losses["critic"][seed], error)
        assert_same_loss(losses["conservative"][seed], conservative)
        assert_same_gradient(learner.critics, gradient, twins, error + conservative)


def test_actor_and_temperature_follow_the_reference(learner):
    batch = fixed_batch(learner)
    expected, surplus = [], []
    for seed in range(2):
        rows, actor = of_seed(batch, seed), Network(learner.actor, seed)
        actions, log_prob = squashed(actor, rows["observations"], rows["actor_noise"])
        twins = [Network(learner.critics, seed, i)(torch.cat([rows["observations"], actions], 1)) for i in range(2)]
        expected.append((actor, (math.exp(0.4) * log_prob - torch.minimum(*twins)[:, 0]).mean()))
        surplus.append(-(log_prob.mean().item() - 2))
    gradients = []
    learner.temperature.apply_gradient = lambda: gradients.append(learner.temperature.parameters.grad[:, 0].tolist())
    losses, gradient = losses_and_gradient(learner.actor, learner.fit_actor, batch)
    for seed, (actor, loss) in enumerate(expected):
        assert_same_loss(losses["actor"][seed], loss)
        assert_same_gradient(learner.actor, gradient, [actor], loss)
    assert gradients[0] == pytest.approx(surplus, rel=1e-4)


def values_at(learner: Cql, state: torch.Tensor, actions: torch.Tensor) -> torch.Tensor:
    """Both critics of the only seed, ``[2, actions]``."""
    pairs = torch.cat([state.expand(len(actions), -1), actions], 1)
    return learner.critics(pairs[None, None]).detach()[0, :, :, 0].double()


def test_the_integral_is_that_of_quadrature():
    learner = Cql(Job(bandit(), [0]), CqlSettings(hidden_sizes=(16,), num_sampled_actions=4000))
    with torch.no_grad():
        learner.critics.parameters.mul_(3)
        # Deviation 1 before the tanh: of a policy that hardly reaches part of the box 4,000 actions do not suffice.
        learner.actor.parameters.zero_()
    batch = fixed_batch(learner, rows=2, seeds=1)
    found = learner.log_integral(batch).detach()[0]
    drawn, log_density = (part.detach()[0, 0].unflatten(0, (2, -1)) for part in learner.sampled_actions(batch))
    actions = torch.from_numpy(GRID).float()[:, None]
    for row in range(2):
        state = batch["observations"][0, 0, row]
        expected = torch.log(torch.trapezoid(values_at(learner, state, actions).exp(), torch.from_numpy(GRID)))
        # Standard error of the mean of three kinds of draws: with 40 seeds the error is never 2.5 of it.
        weights = (values_at(learner, state, drawn[row]) - log_density[row]).exp().unflatten(1, (3, -1))
        error = (weights.var(2).sum(1) / weights.shape[2]).sqrt() / 3 / weights.mean((1, 2))
        assert (error < 0.03).all()
        assert ((found[:, row] - expected).abs() < 5 * error).all()


def test_samples_are_uniform_in_the_box_or_the_policys():
    learner = Cql(Job(bandit(), [0]), CqlSettings(hidden_sizes=(16,), num_sampled_actions=2000))
    batch = fixed_batch(learner, rows=1, seeds=1)
    actions, log_density = (drawn.detach() for drawn in learner.sampled_actions(batch))
    uniform, present, _ = actions[0, 0, :, 0].split(2000)
    assert uniform.mean().abs() < 0.05
    assert float(uniform.var()) == pytest.approx(1 / 3, abs=0.02)
    assert torch.equal(log_density[0, 0, :2000].unique(), torch.tensor([-math.log(2)]))
    outputs = learner.actor(batch["observations"]).expand(-1, -1, 2000, -1)
    expected = tanh_gaussian.sample(outputs, batch["present_noise"].view(1, 1, 2000, 1))
    torch.testing.assert_close(present, expected.flatten().detach())


def test_it_finds_the_best_action():
    quick = {"hidden_sizes": [32], "batch_size": 64, "num_steps": 900, "num_sampled_actions": 4}
    rates = {"learning_rate": 3e-3, "actor_learning_rate": 3e-3}
    made = trained(bandit(), "cql", conservative_weight=0.05, **quick, **rates)
    np.testing.assert_allclose(mean_actions(made), 0.5, atol=0.15)

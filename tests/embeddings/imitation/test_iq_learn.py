"""IQ-Learn's losses are those of its equations, ends count as they should, and it imitates."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from stages.embeddings.imitation.iq_learn import IqLearn, IqLearnSettings
from stages.training.job import Job
from tests.algorithms.reference import (
    Network,
    assert_same_gradient,
    assert_same_loss,
    disturbed,
    fixed_batch,
    losses_and_gradient,
    of_seed,
)
from tests.embeddings.imitation.two_authors import actions, imitated
from tests.synthetic import ragged

# At first Q and V cancel but for what the regularisation adds: with little of it, rounding would be compared.
SMALLEST = [
    IqLearnSettings(
        num_steps=40, hidden_sizes=(16, 16), batch_size=50, learning_rate=1e-3, critic_learning_rate=3e-3,
        regularisation=0.05,
    ),
]  # fmt: skip
GAMMA, TEMPERATURE, ALPHA = 0.9, 0.3, 0.7
Rows = dict[str, torch.Tensor]


@pytest.fixture
def learner() -> IqLearn:
    settings = IqLearnSettings(hidden_sizes=(8, 7), discount=GAMMA, temperature=TEMPERATURE, regularisation=ALPHA)
    dataset = ragged()
    vectors = np.random.default_rng(0).standard_normal((2, dataset.num_episodes, 2))
    return disturbed(IqLearn(Job(dataset, [0, 1]), settings, vectors))


def seen(learner: IqLearn, rows: Rows, name: str, seed: int) -> torch.Tensor:
    """Observations with the embedding of each row's episode, row by row."""
    vectors = [learner.vectors[seed, int(episode)] for episode in rows["episode"][:, 0]]
    return torch.cat([rows[name], torch.stack(vectors).double()], 1)


def drawn(actor: Network, states: torch.Tensor, noise: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Actions of the policy and their log density, by torch's own distributions."""
    mean, log_std = actor(states).chunk(2, 1)
    normal = torch.distributions.Normal(mean, log_std.clamp(-5, 2).exp())
    raw = mean + normal.scale * noise
    return torch.tanh(raw), (normal.log_prob(raw) - torch.log(1 - torch.tanh(raw).pow(2))).sum(1)


def test_critics_follow_the_reference(learner):
    batch = fixed_batch(learner)
    losses, gradient = losses_and_gradient(learner.critics, learner.fit_critics, batch)
    for seed in range(2):
        rows, actor = of_seed(batch, seed), Network(learner.actor, seed)
        here, there = (seen(learner, rows, name, seed) for name in ("observations", "next_observations"))
        actions_there, density_there = drawn(actor, there, rows["target_noise"])
        targets = [Network(learner.critics, seed, i, target=True) for i in range(2)]
        values = sum(target(torch.cat([there, actions_there], 1))[:, 0] for target in targets) / 2
        following = (rows["discounts"][:, 0] * (values - TEMPERATURE * density_there)).detach()
        actions_here, density_here = (part.detach() for part in drawn(actor, here, rows["value_noise"]))
        twins = [Network(learner.critics, seed, i) for i in range(2)]
        losses_of, rewards = [], []
        for critic in twins:
            value = critic(torch.cat([here, actions_here], 1))[:, 0] - TEMPERATURE * density_here
            reward = critic(torch.cat([here, rows["actions"]], 1))[:, 0] - following
            losses_of.append((value - following).mean() - (reward - reward**2 / (4 * ALPHA)).mean())
            rewards.append(reward.mean())
        assert_same_loss(losses["critic"][seed], sum(losses_of))
        assert_same_loss(losses["reward"][seed], sum(rewards) / 2)
        assert_same_gradient(learner.critics, gradient, twins, sum(losses_of))


def test_the_actor_follows_the_reference(learner):
    batch = fixed_batch(learner)
    losses, gradient = losses_and_gradient(learner.actor, learner.fit_actor, batch)
    for seed in range(2):
        rows, actor = of_seed(batch, seed), Network(learner.actor, seed)
        states = seen(learner, rows, "observations", seed)
        chosen, log_density = drawn(actor, states, rows["actor_noise"])
        critics = (Network(learner.critics, seed, i) for i in range(2))
        values = torch.minimum(*(critic(torch.cat([states, chosen], 1))[:, 0] for critic in critics))
        loss = (TEMPERATURE * log_density - values).mean()
        assert_same_loss(losses["actor"][seed], loss)
        assert_same_loss(losses["entropy"][seed], -log_density.mean())
        assert_same_gradient(learner.actor, gradient, [actor], loss)


def test_terminations_are_worth_nothing_after_them_and_truncations_go_on(learner):
    dataset = learner.job.dataset
    discounts = learner.rows.chunk(0, dataset.num_steps)["discounts"][0, 0, :, 0].numpy()
    np.testing.assert_allclose(discounts, np.where(dataset.terminations, 0, GAMMA))
    assert dataset.truncations.any() and dataset.terminations.any()


def test_the_policy_that_acts_is_an_average_of_those_that_learnt(learner):
    before, present = learner.policy_parameters().clone(), learner.actor.parameters.detach()
    learner.move_targets({})
    torch.testing.assert_close(learner.policy_parameters(), 0.999 * before + 0.001 * present)


def test_told_the_level_it_acts_by_it(tmp_path):
    quick = {"num_steps": 1000, "hidden_sizes": (32, 32), "learning_rate": 1e-3, "critic_learning_rate": 3e-3}
    found = imitated(tmp_path, "iq_learn", **quick, temperature=0.1, averaging_rate=0.01)
    first, second = actions(found, 0), actions(found, 1)
    assert (first * second).sum(-1).mean() < 0
    assert (found.tensors["likelihood/right"] > found.tensors["likelihood/wrong"] + 1).all()

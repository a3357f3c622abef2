"""Implicit Q-learning over clusters on a line where each of two behaviours is better in one half of the states."""

from functools import cache

import numpy as np
import pytest
import torch

from stages.empo.high_level import HighLevel, train_high_level
from stages.empo.high_level_settings import HighLevelSettings
from stages.networks.ensemble import Ensemble
from stages.training.draws import UniformDraws
from stages.training.episode_table import EpisodeTable
from stages.training.expectile import expectile_loss
from stages.training.job import Job
from stages.training.loop import Loop
from tests.synthetic import dataset_of, one_hot

# The least that makes sense, for the tests that every method has to pass.
SMALLEST = [
    HighLevelSettings(hidden_sizes=(16, 16), batch_size=50, num_steps=40, learning_rate=0.003),
]

STATES, DISCOUNT = 4, 0.9
REWARDS = np.array([[0.0, 0.0, -2.0, -2.0], [-1.0, -1.0, 0.0, -1.0]])  # of behaviours 0 and 1 in each state
BEST = [0, 0, 1, 1]
SETTINGS = {
    "discount": DISCOUNT, "num_steps": 2500, "hidden_sizes": (32,), "target_every": 10, "batch_size": 64,
    "learning_rate": 3e-3,
}  # fmt: skip


def line(episodes: int = 20):
    """Both behaviours walk from state 0 to the end; what they earn on the way differs."""
    states = np.tile(np.arange(STATES), episodes)
    labels = np.arange(episodes) % 2
    rewards = np.concatenate([REWARDS[label] for label in labels])
    actions = np.repeat(labels * 2.0 - 1, STATES)[:, None]
    return dataset_of(one_hot(states, STATES), actions, rewards, [STATES] * episodes), labels


def exact(expectile: float, n: int) -> np.ndarray:
    """``Q[z, s]`` by working backwards; of two equally frequent values the expectile is their weighted mean."""
    q, v = np.zeros((2, STATES)), np.zeros(STATES + n)
    for state in reversed(range(STATES)):
        count = min(n, STATES - state)
        for z in range(2):
            earned = sum(DISCOUNT**i * REWARDS[z, state + i] for i in range(count))
            q[z, state] = earned + (DISCOUNT**count * v[state + count] if state + count < STATES else 0.0)
        v[state] = expectile * q[:, state].max() + (1 - expectile) * q[:, state].min()
    return q


@cache
def learnt(expectile: float, n: int) -> np.ndarray:
    dataset, labels = line()
    job = Job(dataset, [0, 1])
    settings = HighLevelSettings(**SETTINGS, expectile=expectile, n_step=n)
    assignment = EpisodeTable.one_hot(torch.from_numpy(np.stack([labels, 1 - labels])), 2, job.device)
    learner = HighLevel(job, assignment, settings, scale=2.0)
    loop = Loop(learner, learner.rows, UniformDraws([0, 1], len(learner.rows), 64))
    for stop, rate in ((700, 5e-3), (1000, 5e-4)):
        learner.q.learning_rate.fill_(rate)
        learner.v.learning_rate.fill_(rate)
        loop.run(stop)
    inputs = job.normaliser.observations(torch.eye(STATES)).expand(2, 1, -1, -1)
    return (2.0 * learner.q(inputs)[:, 0].mT).detach().numpy()


@pytest.mark.parametrize(("expectile", "n"), [(0.9, 1), (0.5, 1), (0.9, 3)])
def test_values_equal_the_exact_solution(expectile, n):
    found, expected = learnt(expectile, n), exact(expectile, n)
    np.testing.assert_allclose(found[0], expected, atol=0.12)
    np.testing.assert_allclose(found[1], expected[::-1], atol=0.12)


def test_the_best_mixture_is_chosen_in_every_state():
    found = learnt(0.9, 1)
    assert found[0].argmax(0).tolist() == BEST
    assert found[1].argmax(0).tolist() == [1 - z for z in BEST]
    assert exact(0.9, 1).argmax(0).tolist() == BEST


def test_the_stage_chooses_like_the_learner():
    dataset, labels = line()
    job = Job(dataset, [0])
    settings = HighLevelSettings(**{**SETTINGS, "num_steps": 400, "discount": 0.0, "n_step": 1})
    made = train_high_level(job, labels[None], 2, settings)
    q = Ensemble(made.metadata["q_sizes"])
    inputs = job.normaliser.observations(torch.eye(STATES))[None, None]
    values = q(made.tensors["q/parameters"].detach(), inputs)[0, 0].T * made.tensors["scale"]
    np.testing.assert_allclose(values.numpy(), REWARDS, atol=0.1)


def test_losses_by_hand():
    dataset, labels = line(episodes=4)
    job = Job(dataset, [0])
    assignment = EpisodeTable.one_hot(torch.from_numpy(labels[None]), 2, job.device)
    learner = HighLevel(job, assignment, HighLevelSettings(**SETTINGS, expectile=0.7, n_step=2), scale=1.5)
    batch = learner.rows.gather(torch.arange(16)[None])
    cluster = torch.from_numpy(labels[dataset.episode_of_step])[:, None]
    q, followed = (
        net(batch["observations"])[0, 0].gather(1, cluster)[:, 0].detach() for net in (learner.q, learner.q.target)
    )
    v, beyond = (learner.v(batch[name])[0, 0, :, 0].detach() for name in ("observations", "next_observations"))
    target = batch["rewards"].flatten() + batch["discounts"].flatten() * beyond
    losses = learner.fit(batch)
    assert losses["high-level q"].item() == pytest.approx((q - target).square().mean().item(), rel=1e-5)
    assert losses["high-level v"].item() == pytest.approx(expectile_loss(followed - v, 0.7).mean().item(), rel=1e-5)


def test_an_end_is_not_bootstrapped_from_and_a_cut_is():
    arrays = one_hot(np.arange(4), 4), np.array([[1.0], [-1], [1], [-1]]), np.ones(4)
    dataset = dataset_of(*arrays, lengths=[2, 2], truncated=[False, True])
    job = Job(dataset, [0])
    assignment = EpisodeTable.one_hot(torch.tensor([[0, 1]]), 2, job.device)
    learner = HighLevel(job, assignment, HighLevelSettings(**{**SETTINGS, "discount": 0.5}, n_step=1), scale=1.0)
    assert learner.rows.chunk(0, 4)["discounts"].flatten().tolist() == [0.5, 0.0, 0.5, 0.5]


def test_target_is_copied_when_due():
    learner = HighLevel(
        Job(line()[0], [0]),
        EpisodeTable.one_hot(torch.zeros(1, 20, dtype=torch.int64), 2, torch.device("cpu")),
        HighLevelSettings(**SETTINGS), 1.0,
    )  # fmt: skip
    learner.fit(learner.rows.gather(torch.arange(8)[None]))
    assert not torch.equal(learner.q.target_parameters, learner.q.parameters)
    copy = [update for update in learner.updates if update.every == SETTINGS["target_every"]]
    assert len(copy) == 1
    copy[0].apply({})
    assert torch.equal(learner.q.target_parameters, learner.q.parameters)

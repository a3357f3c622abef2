import numpy as np
import pytest
import torch

from stages.algorithms.steady_bc import SteadyBc, SteadyBcSettings, held_out_episodes
from stages.errors import UserError
from stages.training.job import Job
from stages.training.loop import Loop
from tests.algorithms.bandits import mean_actions, trained
from tests.algorithms.reference import gaussian_log_prob
from tests.synthetic import dataset_of, ragged, two_policies

SMALLEST = [SteadyBcSettings(hidden_sizes=(16, 16), batch_size=50, num_steps=40, learning_rate=0.003)]
QUICK = {"hidden_sizes": (16,), "batch_size": 64, "learning_rate": 0.01, "check_every": 50}


def learner_of(seeds=(0, 1), **changes) -> SteadyBc:
    return SteadyBc(Job(two_policies(episodes=10, steps=12), list(seeds)), SteadyBcSettings(**{**QUICK, **changes}))


def trained_learner(**changes) -> tuple[SteadyBc, Loop]:
    learner = learner_of(**changes)
    loop = Loop(learner, learner.rows, learner.draws())
    loop.run(400)
    return learner, loop


def test_the_loss_is_the_likelihood_of_a_gaussian_about_a_mean_in_the_box():
    learner = learner_of()
    batch = learner.rows.gather(torch.arange(20).expand(2, -1))
    mean, log_std = learner.actor(batch["observations"]).detach().double().chunk(2, -1)
    expected = -gaussian_log_prob(torch.tanh(mean), log_std, batch["actions"].double()).mean((1, 2))
    torch.testing.assert_close(learner.fit(batch)["actor"].detach().double(), expected, rtol=1e-5, atol=1e-6)


def test_rows_of_held_out_episodes_are_never_drawn_and_all_others_are():
    learner = learner_of()
    episode = learner.job.dataset.episode_of_step
    drawn = learner.draws().chunk(0, 256, torch.device("cpu"))["index"]
    for seed in range(2):
        assert learner.held_out[seed].sum() == 2
        assert set(episode[drawn[:, seed].unique()]) == set(np.flatnonzero(~learner.held_out[seed]))
    assert not np.array_equal(learner.held_out[0], learner.held_out[1])


def test_at_least_one_episode_is_held_out_and_one_is_left():
    for number in (2, 3, 50):
        for share in (0.01, 0.5, 0.99):
            held = held_out_episodes(0, number, SteadyBcSettings(held_out_share=share))
            assert 1 <= held.sum() <= number - 1


def test_the_policy_kept_is_the_one_with_the_least_held_out_error():
    learner, loop = trained_learner()
    errors = loop.metrics.tensors()["held-out error/values"]
    assert len(errors) >= 1
    torch.testing.assert_close(learner.best.error, torch.minimum(learner.best.error, errors.amin(0)))
    learner.actor.target_parameters.copy_(learner.policy_parameters())
    torch.testing.assert_close(learner.held_out_error(), learner.best.error)


def test_a_worse_policy_is_not_kept_and_seeds_are_kept_apart():
    learner, _ = trained_learner()
    before, error = learner.best.parameters.clone(), learner.best.error.clone()
    offered = torch.zeros_like(before)
    learner.best.offer(offered, error + torch.tensor([1.0, -0.01]))
    kept, old = (learner.policy.arrays(flat) for flat in (learner.best.parameters, before))
    for now, then in zip(kept, old, strict=True):
        assert torch.equal(now[0], then[0])
        assert (now[1] == 0).all()
    torch.testing.assert_close(learner.best.error, error - torch.tensor([0.0, 0.01]))


def test_held_out_errors_are_those_of_the_held_out_rows():
    job = Job(ragged(), [0, 1])  # episodes of many lengths, so the seeds hold out unequal numbers of rows
    learner = SteadyBc(job, SteadyBcSettings(**QUICK))
    found = learner.held_out_error()
    outputs = learner.actor.target(job.observations.expand(2, 1, -1, -1))[:, 0]
    for seed in range(2):
        rows = np.flatnonzero(learner.held_out[seed][job.dataset.episode_of_step])
        error = (torch.tanh(outputs[seed, rows].chunk(2, -1)[0]) - job.actions[rows]).square().sum(-1).mean()
        torch.testing.assert_close(found[seed], error)


def test_averages_are_those_of_the_definition():
    learner = learner_of(average_decay=0.9)
    batch = learner.rows.gather(torch.arange(20).expand(2, -1))
    expected = learner.actor.parameters.detach().clone()
    for _ in range(3):
        learner.fit(batch)
        learner.average(batch)
        expected = 0.9 * expected + 0.1 * learner.actor.parameters.detach()
    torch.testing.assert_close(learner.actor.target_parameters, expected)


def test_it_learns_the_policy_of_the_data():
    random = np.random.default_rng(0)
    observations = random.uniform(-1, 1, (600, 1))
    actions = 0.5 + 0.3 * observations + 0.05 * random.standard_normal((600, 1))
    data = dataset_of(observations, actions, np.zeros(600), [30] * 20)
    made = trained(data, "steady_bc", **{**QUICK, "hidden_sizes": [16], "num_steps": 600, "average_decay": 0.98})
    np.testing.assert_allclose(mean_actions(made), 0.5, atol=0.03)


def test_a_single_episode_is_refused():
    with pytest.raises(UserError, match="steady_bc holds out episodes, the dataset has 1"):
        SteadyBc(Job(two_policies(episodes=1, steps=5), [0]), SteadyBcSettings())

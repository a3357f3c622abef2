from dataclasses import replace

import numpy as np
import pytest
import torch

from stages.cloning.steady import SteadyCloning, SteadySettings, clone_steadily
from stages.networks import gaussian
from stages.training.job import Job
from stages.training.loop import Loop
from tests.algorithms.reference import gaussian_log_prob
from tests.synthetic import dataset_of, ragged, two_policies

QUICK = {"hidden_sizes": (16,), "batch_size": 64, "learning_rate": 0.01, "check_every": 50}
SEEDS = [0, 1]


def by_policy(dataset, num_seeds: int = 2) -> np.ndarray:
    """The true policies' episodes as groups, the same for every seed."""
    groups = dataset.behaviour_policy == np.arange(2)[:, None]
    return np.broadcast_to(groups, (num_seeds, *groups.shape))


def learner_of(dataset=None, seeds=SEEDS, groups=None, **changes) -> SteadyCloning:
    dataset = dataset or two_policies(episodes=20, steps=12)
    groups = by_policy(dataset, len(seeds)) if groups is None else groups
    return SteadyCloning(Job(dataset, list(seeds)), SteadySettings(**{**QUICK, **changes}), groups, "test")


def run(learner: SteadyCloning, steps: int) -> dict[str, torch.Tensor]:
    return Loop(learner, learner.rows, learner.draws(), log_every=1).run(steps).tensors()


def mean_actions(learner: SteadyCloning, flat: torch.Tensor) -> torch.Tensor:
    outputs = learner.policies(flat, learner.job.observations.expand(len(learner.job.seeds), 1, -1, -1))
    return gaussian.sample(gaussian.bounded(outputs), None)


def test_the_loss_is_the_likelihood_of_a_gaussian_about_a_mean_in_the_box():
    learner = learner_of()
    batch = learner.rows.gather(torch.arange(20).expand(2, 4, -1))
    seen = learner.scaling_of_each(batch["observations"])
    mean, log_std = learner.actor(seen).detach().double().chunk(2, -1)
    expected = -gaussian_log_prob(torch.tanh(mean), log_std, batch["actions"].double()).mean((1, 2))
    torch.testing.assert_close(learner.fit(batch)["policy"].detach().double(), expected, rtol=1e-5, atol=1e-6)


def test_mean_actions_never_leave_the_box():
    learner = learner_of(learning_rate=0.3)
    run(learner, 60)
    assert mean_actions(learner, learner.parameters()).abs().max() <= 1


@pytest.mark.parametrize("num_splits", [1, 2])
def test_each_policy_draws_the_rows_of_its_group_that_it_does_not_leave_out(num_splits):
    learner = learner_of(num_splits=num_splits)
    dataset = learner.job.dataset
    drawn = learner.draws().chunk(0, 256, torch.device("cpu"))["index"]
    assert drawn.shape[2] == 2 * (1 + num_splits)
    for seed in range(2):
        for group in range(2):
            members = set(np.flatnonzero(dataset.behaviour_policy == group))
            first = group * (1 + num_splits)
            assert set(dataset.episode_of_step[drawn[:, seed, first].unique()]) == members
            for split, left_out in enumerate(learner.left_out[seed][group]):
                seen = set(dataset.episode_of_step[drawn[:, seed, first + 1 + split].unique()])
                assert seen == members - set(dataset.episode_of_step[left_out])
                assert len(seen) == 8


def test_held_out_errors_are_those_of_the_rows_left_out():
    dataset = ragged()  # episodes of many lengths, so the splits are unequal
    learner = learner_of(dataset, groups=np.ones((2, 1, dataset.num_episodes), bool), num_splits=3)
    found = learner.held_out_error()
    outputs = learner.actor.target(learner.job.observations.expand(2, 1, -1, -1))
    errors = (gaussian.bounded(outputs).chunk(2, -1)[0] - learner.job.actions).square().sum(-1)
    for seed in range(2):
        parts = [errors[seed, 1 + split, rows] for split, rows in enumerate(learner.left_out[seed][0])]
        torch.testing.assert_close(found[seed, 0], torch.cat(parts).median())


def test_averages_are_those_of_the_definition():
    learner = learner_of(average_decay=0.9)
    batch = learner.rows.gather(torch.arange(20).expand(2, 4, -1))
    expected = learner.actor.parameters.detach().clone()
    for _ in range(3):
        learner.fit(batch)
        learner.average(batch)
        expected = 0.9 * expected + 0.1 * learner.actor.parameters.detach()
    torch.testing.assert_close(learner.actor.target_parameters, expected)


def test_what_is_kept_is_the_average_acting_at_the_least_error():
    learner, found = learner_of(), []
    check = learner.check

    def watched(batch):
        losses = check(batch)
        found.append((learner.held_out_error(), learner._acting()))
        return losses

    learner.updates[2] = type(learner.updates[2])(watched, every=50, eager=True)
    run(learner, 400)
    errors = torch.stack([error for error, _ in found])
    torch.testing.assert_close(learner.kept.error, errors.amin(0))
    for seed in range(2):
        for group in range(2):
            best = found[int(errors[:, seed, group].argmin())][1]
            kept, expected = (mean_actions(learner, flat)[seed, group] for flat in (learner.parameters(), best))
            assert torch.equal(kept, expected)


def test_a_committee_is_the_same_training_and_acts_by_the_mean_of_all_its_policies():
    alone, together = learner_of(num_splits=2), learner_of(num_splits=2, committee=True)
    for learner in (alone, together):
        run(learner, 100)
    torch.testing.assert_close(together.actor.target_parameters, alone.actor.target_parameters)
    torch.testing.assert_close(together.kept.error, alone.kept.error)
    observations = together.job.observations.expand(2, 1, -1, -1)
    each = together.actor.target(together.scaling_of_each(observations))
    expected = gaussian.sample(gaussian.bounded(each.unflatten(1, (2, 3)).mean(2)), None)
    torch.testing.assert_close(mean_actions(together, together._acting()), expected, rtol=1e-4, atol=1e-5)


def noisy_line(episodes: int = 6, steps: int = 5, noise: float = 0.5):
    """So few and so noisy actions that a network learns the noise by heart once it has learnt the line."""
    random = np.random.default_rng(0)
    observations = random.uniform(-1, 1, (episodes * steps, 3))
    actions = np.clip(0.6 * observations[:, :1] + noise * random.standard_normal((len(observations), 1)), -1, 1)
    return dataset_of(observations, actions, np.zeros(len(actions)), [steps] * episodes)


def test_training_stops_before_the_noise_is_learnt_by_heart():
    dataset = noisy_line()
    job, groups = Job(dataset, SEEDS), np.ones((2, 1, dataset.num_episodes), bool)
    settings = SteadySettings(**QUICK | {"hidden_sizes": (64, 64), "check_every": 10, "average_decay": 0.9})
    settings = settings.model_copy(update={"num_splits": 3, "num_steps": 1000})
    learner, losses = clone_steadily(job, settings, groups, "test")
    assert (learner.kept.best * settings.check_every < 300).all()
    assert losses["policy/steps"][-1] < 1000
    torch.manual_seed(0)
    fresh = torch.rand(500, 3) * 2 - 1
    kept, last = (
        gaussian.bounded(learner.policies(flat, job.normaliser.observations(fresh).expand(2, 1, -1, -1))).chunk(2, -1)[
            0
        ]
        for flat in (learner.parameters(), memorised(job, settings, groups))
    )
    truth = job.normaliser.actions(0.6 * fresh[:, :1])
    errors = [(mean - truth).square().mean((1, 2, 3)) for mean in (kept, last)]
    assert (errors[0] < 0.8 * errors[1]).all()  # of twenty seeds: .15 to .67 times as large


def memorised(job: Job, settings: SteadySettings, groups: np.ndarray) -> torch.Tensor:
    """The average of the weights after all steps."""
    learner = SteadyCloning(job, settings.model_copy(update={"patience": 1000}), groups, "test")
    run(learner, settings.num_steps)
    return learner._acting()


def test_a_group_learns_what_it_would_if_its_episodes_were_all_there_are():
    # The other policy's episodes are elsewhere: what scaling by all of them would leave of these is noise.
    near = two_policies(episodes=20, steps=30)
    far = near.behaviour_policy == 1
    observations = near.observations + 1000 * far[near.episode_of_step, None].astype(np.float32)
    dataset = replace(near, observations=observations)
    both = learner_of(dataset, average_decay=0.97)
    part = dataset.select(np.flatnonzero(~far))
    alone = learner_of(part, groups=np.ones((2, 1, part.num_episodes), bool), average_decay=0.97)
    for learner in (both, alone):
        run(learner, 300)
    observations, true = torch.from_numpy(part.observations), 0.5 * torch.from_numpy(part.observations)
    for learner in (both, alone):
        inputs = learner.job.normaliser.observations(observations).expand(2, 1, -1, -1)
        means = gaussian.bounded(learner.policies(learner.parameters(), inputs)).chunk(2, -1)[0][:, 0]
        error = learner.job.normaliser.physical_actions(means) - true
        assert error.square().mean().sqrt() < 0.1


def test_groups_learn_their_policies_and_seeds_do_not_depend_on_each_other():
    dataset = two_policies(episodes=20, steps=30)
    both, alone = (learner_of(dataset, seeds, average_decay=0.97) for seeds in (SEEDS, [1]))
    for learner in (both, alone):
        run(learner, 300)
    means = mean_actions(both, both.parameters())
    true = 0.5 * torch.from_numpy(dataset.observations)
    for group, sign in enumerate((1, -1)):
        error = both.job.normaliser.physical_actions(means[:, group]) - sign * true
        assert error.square().mean().sqrt() < 0.1
    torch.testing.assert_close(mean_actions(alone, alone.parameters())[0], means[1], rtol=1e-4, atol=1e-4)


def test_a_group_without_episodes_does_no_harm():
    dataset = two_policies(episodes=10, steps=12)
    groups = np.stack([np.ones(10, bool), np.zeros(10, bool)])[None]
    learner = learner_of(dataset, [0], groups)
    run(learner, 60)
    assert learner.parameters().isfinite().all()

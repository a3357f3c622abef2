import numpy as np
import pytest
import torch

from stages.empo.cluster_rows import ClusterRows
from stages.empo.confirmed import Confirmed, ConfirmedSettings, Verdict
from stages.empo.critic_settings import CriticSettings
from stages.empo.critics import train_critics
from stages.empo.improvement import Critics
from stages.empo.ppo import PpoSettings
from stages.errors import UserError
from stages.networks.ensemble import Ensemble
from stages.seeding import generators
from stages.training.job import Job
from stages.training.trainable import Trainable
from tests.synthetic import dataset_of

# The least that makes sense, for the tests that every method has to pass.
SMALLEST = [ConfirmedSettings(ppo=PpoSettings(num_epochs=2))]

CRITICS = CriticSettings(
    discount=0.0, q_steps=400, value_epochs=3, hidden_sizes=(32,), learning_rate=0.01, target_update_rate=0.05
)


def world(seed: int, matters: bool, episodes: int = 40, steps: int = 10) -> Job:
    """Two behaviours of one-step rewards ``-(a - 0.6)^2``, or of noise alone."""
    random = np.random.default_rng(seed)
    number = episodes * steps
    actions = np.clip(0.4 * random.standard_normal((number, 1)), -1, 1)
    actions[:2, 0] = -1, 1
    noise = 0.3 * random.standard_normal(number)
    rewards = noise - (4 * (actions[:, 0] - 0.6) ** 2 if matters else 0)
    return Job(dataset_of(random.uniform(-1, 1, (number, 2)), actions, rewards, [steps] * episodes), [0, 1])


def method_of(job: Job, say_settings: bool = True, **settings) -> Confirmed:
    settings = ConfirmedSettings(ppo=PpoSettings(learning_rate=0.01, num_epochs=20), **settings)
    labels = torch.from_numpy(np.stack([np.arange(job.dataset.num_episodes) // 3 % 2] * 2))
    artifact = train_critics(job, labels.numpy(), 2, CRITICS)
    if not say_settings:
        del artifact.metadata["settings"]
    policies = Trainable(Ensemble((2, 8, 2), 2, 2), generators(job.seeds, "policies"), 0.01)
    # Of about the behaviours' own mean and deviation, so that ratios are of moderate size.
    weight, bias = policies.ensemble.views(policies.parameters.detach())[2:]
    weight.mul_(0.05)
    bias.copy_(torch.tensor([0.0, np.log(0.4)]).expand_as(bias))
    rows = ClusterRows(labels[:, job.dataset.episode_of_step], 2, job.observations)
    return Confirmed(job, policies, Critics.of(artifact, 2, job.device), rows, settings)


def changed(method: Confirmed) -> tuple[torch.Tensor, torch.Tensor]:
    """Which networks `run` has changed, and which of them it says were confirmed, ``[seeds, clusters]``."""
    before = [view.detach().clone() for view in method.policies.ensemble.views(method.policies.parameters)]
    method.run()
    after = method.policies.ensemble.views(method.policies.parameters.detach())
    moved = [(old != new).flatten(1).any(1) for old, new in zip(before, after, strict=True)]
    return torch.stack(moved).any(0).view(2, 2), method.details["confirmed"].bool()


def test_a_true_improvement_is_accepted():
    moved, confirmed = changed(method_of(world(0, matters=True)))
    assert moved.all()
    assert confirmed.all()


def test_a_spurious_one_is_refused_and_leaves_the_policy_as_it_was():
    moved, confirmed = [], []
    for seed in range(3):
        method = method_of(world(seed, matters=False))
        of_world = changed(method)
        moved.append(of_world[0])
        confirmed.append(of_world[1])
    assert torch.equal(torch.stack(moved), torch.stack(confirmed))
    # One in twenty passes the test by chance; both seeds of a world see the same data.
    assert torch.stack(confirmed).sum() <= 2


def test_verdicts_are_those_of_a_t_test():
    gains = np.array([[[1.0, 2.0, np.nan, 3.0], [0.1, np.nan, np.nan, -0.2]]])
    verdict = Verdict.of(gains, 0.95)
    np.testing.assert_allclose(verdict.gain, [[2.0, -0.05]])
    np.testing.assert_allclose(verdict.standard_error, [[1 / np.sqrt(3), 0.15]])
    assert verdict.confirmed.tolist() == [[True, False]]  # 2 is 3.46 errors above 0, the quantile is 2.92
    assert Verdict.of(gains, 0.99).confirmed.tolist() == [[False, False]]


def test_too_few_episodes_confirm_nothing():
    gains = np.array([[[5.0, np.nan], [np.nan, np.nan]]])
    verdict = Verdict.of(gains, 0.95)
    assert not verdict.confirmed.any()
    assert np.isnan(verdict.gain).all()


def test_every_episode_is_judged_in_its_cluster_alone():
    method = method_of(world(0, matters=True, episodes=12))
    gains = method.held_out_gains(method.policies.parameters.detach().clone())
    labels = np.arange(12) // 3 % 2
    assert np.isfinite(gains).sum() == 2 * 12
    for z in range(2):
        assert np.isfinite(gains[:, z, labels == z]).all()


def test_critics_that_do_not_say_how_they_were_trained_are_refused():
    method = method_of(world(0, matters=True, episodes=12), say_settings=False)
    with pytest.raises(UserError, match="the critics don't say how they were trained"):
        method.run()

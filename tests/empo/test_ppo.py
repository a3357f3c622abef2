from dataclasses import dataclass

import numpy as np
import pytest
import torch

from stages.empo.clipped_surrogate import clipped_surrogate
from stages.empo.cluster_rows import ClusterRows
from stages.empo.improvement import Critics
from stages.empo.ppo import Ppo, PpoSettings
from stages.networks import gaussian
from stages.networks.ensemble import Ensemble
from stages.seeding import generators
from stages.training.job import Job
from stages.training.trainable import Trainable
from tests.synthetic import dataset_of

# The least that makes sense, for the tests that every method has to pass.
SMALLEST = [
    PpoSettings(learning_rate=0.003, num_epochs=4, refresh_every=2),
]

BEST = 0.6
NONE = Ensemble((1, 1))


@dataclass(frozen=True)
class KnownCritics(Critics):
    """The true advantage of a bandit whose reward is ``-(a - 0.6)^2``, up to a constant."""

    def advantage(self, observations: torch.Tensor, actions: torch.Tensor) -> torch.Tensor:
        return -(actions - BEST).square().sum(-1)


@dataclass(frozen=True)
class CentredCritics(KnownCritics):
    """The true advantage: over the policy's mean reward."""

    def advantage(self, observations: torch.Tensor, actions: torch.Tensor) -> torch.Tensor:
        rewards = super().advantage(observations, actions)
        return rewards - rewards.mean(-1, keepdim=True)


KNOWN, CENTRED = (kind(NONE, torch.zeros(2), NONE, torch.zeros(2)) for kind in (KnownCritics, CentredCritics))


def bandit(rows: int = 300) -> Job:
    random = np.random.default_rng(0)
    actions = random.uniform(-1, 1, (rows, 1))
    actions[:2, 0] = -1, 1
    observations = random.uniform(-1, 1, (rows, 2))
    return Job(dataset_of(observations, actions, np.zeros(rows), [1] * rows), [0, 1])


def labels_of(job: Job, num_clusters: int = 2) -> torch.Tensor:
    """Clusters of different sizes, different ones for each seed."""
    rows = torch.arange(job.dataset.num_steps)
    return torch.stack([(rows % (3 + seed) > 0).long() * (num_clusters - 1) for seed in range(len(job.seeds))])


def method_of(
    job: Job, labels: torch.Tensor | None = None, num_clusters: int = 2, critics: Critics = KNOWN, **settings
) -> Ppo:
    settings = PpoSettings(**{"learning_rate": 0.01, **settings})
    ensemble = Ensemble((2, 8, 2), len(job.seeds), num_clusters)
    policies = Trainable(ensemble, generators(job.seeds, "policies"), settings.learning_rate)
    labels = labels_of(job, num_clusters) if labels is None else labels
    return Ppo(job, policies, critics, ClusterRows(labels, num_clusters, job.observations), settings)


def value(method: Ppo) -> torch.Tensor:
    """Expected reward of each policy, ``[seeds, clusters]``: minus squared bias and variance."""
    outputs = method.policies(method.job.observations.expand(len(method.job.seeds), 1, -1, -1)).detach()
    mean, log_std = gaussian.mean_and_log_std(outputs)
    return -((mean - BEST).square() + (2 * log_std).exp()).mean((2, 3))


def gradient(method: Ppo) -> torch.Tensor:
    """The gradient that the first epoch would step along, after the policy has moved off its reference a little."""
    method.reference = method.policies.parameters.detach().clone()
    samples = method.sample(0)
    with torch.no_grad():
        method.policies.parameters.mul_(1.2)
    found = []
    method.policies.apply_gradient = lambda: found.append(method.policies.parameters.grad.clone())
    method.improve(samples, epoch=0)
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize("rows", [1, 7, 64, 224])
def test_chunked_gradient_equals_the_unchunked_one(rows):
    whole, chunked = method_of(bandit()), method_of(bandit())
    whole.chunk_rows, chunked.chunk_rows = 100_000, rows
    expected = gradient(whole)
    assert expected.count_nonzero() > 0.5 * expected.numel()
    torch.testing.assert_close(gradient(chunked), expected, rtol=1e-4, atol=1e-6)


def test_gradient_is_that_of_the_mean_surrogate_of_each_cluster():
    job = bandit()
    method, labels = method_of(job, normalise_advantages=False), labels_of(job)
    found = gradient(method)
    samples, reference = method.sample(0), method.reference
    parameters = method.policies.parameters.detach().clone().requires_grad_()
    loss = torch.zeros(())
    for seed in range(2):
        for z in range(2):
            members = (labels[seed] == z).nonzero()[:, 0]
            actions = samples.actions[seed, z, : len(members)]
            states = job.observations[members].expand(2, 1, -1, -1)
            log_probs = [
                gaussian.log_prob(method.policies.ensemble(p, states)[seed, z], actions)
                for p in (parameters, reference)
            ]
            advantages = -(actions.clamp(-1, 1) - BEST).square().sum(-1)
            loss = loss - clipped_surrogate(log_probs[0] - log_probs[1], advantages, 0.2).objective.mean()
    loss.backward()
    torch.testing.assert_close(found, parameters.grad, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("options", [{}, {"minibatch_size": 40}, {"normalise_advantages": False}], ids=str)
def test_improvement_raises_the_true_value_of_every_cluster(options):
    # Unnormalised advantages have to be those over the mean: up to a constant, which drives a policy off all that it
    # does, 20 of 160 policies get worse. Policies that start wider than the box get worse as well, one of 160.
    method = method_of(
        bandit(), critics=CENTRED if "normalise_advantages" in options else KNOWN, num_epochs=10, **options
    )
    method.policies.parameters.data.mul_(0.8)
    before = value(method)
    metrics = method.run().tensors()
    assert (value(method) > before + 0.02).all()
    assert metrics["surrogate/values"].shape == (10, 2)
    assert (metrics["surrogate/values"][-1] > metrics["surrogate/values"][0]).all()


def test_clipping_holds_the_policy_near_its_reference_and_refreshing_lets_it_go():
    clipped, refreshed = (method_of(bandit(), num_epochs=60, refresh_every=every) for every in (None, 6))
    start = value(clipped)
    share = clipped.run().tensors()["clipped share/values"]
    refreshed.run()
    assert (share[0] == 0).all()
    assert (share[-1] > 0.3).all()
    assert (value(clipped) > start).all()
    assert (value(refreshed) > value(clipped) + 0.1).all()
    assert value(refreshed).mean() > -0.3


def test_a_refreshed_reference_is_the_policy_at_that_epoch():
    method = method_of(bandit(), num_epochs=4, refresh_every=2)
    seen = []
    sample = method.sample
    method.sample = lambda position: seen.append((position, method.reference.clone())) or sample(position)
    method.run()
    assert [position for position, _ in seen] == [0, 1]
    assert not torch.equal(seen[0][1], seen[1][1])
    assert not torch.equal(seen[1][1], method.policies.parameters)


def test_minibatches_make_one_step_each():
    method = method_of(bandit(), num_epochs=1, minibatch_size=50)
    method.run()
    assert method.policies.tensors()["step"] == 300 // 2 // 50
    whole = method_of(bandit(), num_epochs=1)
    whole.run()
    assert whole.policies.tensors()["step"] == 1


@pytest.mark.parametrize("options", [{}, {"minibatch_size": 64}], ids=str)
def test_an_empty_cluster_does_no_harm(options):
    job = bandit()
    labels = labels_of(job)
    with_empty = method_of(job, torch.where(labels == 1, 2, labels), num_clusters=3, num_epochs=8, **options)
    before = [view.detach().clone() for view in with_empty.policies.ensemble.views(with_empty.policies.parameters)]
    start = value(with_empty)
    metrics = with_empty.run().tensors()
    after = with_empty.policies.ensemble.views(with_empty.policies.parameters.detach())
    for old, new in zip(before, after, strict=True):
        assert torch.equal(old[1::3], new[1::3])
        assert not torch.equal(old[::3], new[::3])
    assert with_empty.policies.parameters.isfinite().all()
    assert metrics["surrogate/values"].isfinite().all()
    assert (value(with_empty)[:, [0, 2]] > start[:, [0, 2]]).all()


def test_a_seed_samples_the_same_actions_beside_any_others():
    """Other seeds may have larger clusters, and so more padding."""
    job = bandit()
    together = method_of(job)
    alone_job = Job(job.dataset, [0])
    alone = method_of(alone_job, labels_of(job)[:1])
    assert together.rows.num_rows != alone.rows.num_rows
    for method in (together, alone):
        method.reference = method.policies.parameters.detach().clone()
    real = alone.rows.weights[0] > 0
    for ours, single in zip(together.sample(3), alone.sample(3), strict=True):
        torch.testing.assert_close(ours[0][:, : real.shape[1]][real], single[0][real], rtol=1e-4, atol=1e-5)


def test_minibatches_hold_rows_of_the_cluster_alone_and_come_round_evenly():
    job = bandit()
    method, labels = method_of(job, minibatch_size=50), labels_of(job)
    order = method._shuffled(epoch=0)
    assert order.shape == (2, 2, 150)
    for seed in range(2):
        for z in range(2):
            rows = method.rows.index[seed, z, order[seed, z]]
            assert (labels[seed, rows] == z).all()
            visits = torch.bincount(rows)[labels[seed, : rows.max() + 1] == z]
            assert visits.max() - visits.min() <= 1
    assert not torch.equal(order, method._shuffled(epoch=1))


@pytest.mark.parametrize("options", [{}, {"minibatch_size": 32}], ids=str)
def test_a_seed_improves_the_same_beside_any_others(options):
    job = bandit()
    together = method_of(job, num_epochs=4, **options)
    alone = method_of(Job(job.dataset, [0]), labels_of(job)[:1], num_epochs=4, **options)
    together.run()
    alone.run()
    ours = [
        view.view(2, 2, *view.shape[1:])[0] for view in together.policies.ensemble.views(together.policies.parameters)
    ]
    for found, expected in zip(ours, alone.policies.ensemble.views(alone.policies.parameters), strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-4)


def test_advantages_are_of_the_cluster_itself():
    states, actions = torch.zeros(1, 2, 3, 1), torch.ones(1, 2, 3, 1)
    q, v = Ensemble((2, 2)), Ensemble((1, 2))
    flat_q, flat_v = torch.zeros(q.num_parameters), torch.zeros(v.num_parameters)
    q.views(flat_q)[0][0] = torch.tensor([[0.0, 0.0], [10.0, 20.0]])
    v.views(flat_v)[1][0, 0] = torch.tensor([1.0, 2.0])
    found = Critics(q, flat_q, v, flat_v).advantage(states, actions)
    torch.testing.assert_close(found, torch.tensor([[[9.0] * 3, [18.0] * 3]]))


def test_actions_are_judged_within_the_box_of_the_data():
    seen = []

    @dataclass(frozen=True)
    class Watching(KnownCritics):
        def advantage(self, observations: torch.Tensor, actions: torch.Tensor) -> torch.Tensor:
            seen.append(actions)
            return super().advantage(observations, actions)

    method = method_of(bandit(), critics=Watching(NONE, torch.zeros(2), NONE, torch.zeros(2)))
    method.reference = method.policies.parameters.detach().clone()
    samples = method.sample(0)
    judged = torch.cat(seen, dim=2)
    assert judged.abs().max() <= 1 + 1e-6
    assert samples.actions.abs().max() > 1


class Killed(BaseException):
    pass


@pytest.mark.parametrize("options", [{"refresh_every": 4}, {"minibatch_size": 64}], ids=str)
def test_kill_and_resume_is_bit_equal(tmp_path, monkeypatch, options):
    monkeypatch.chdir(tmp_path)
    job = bandit()

    def made(kill_after: int | None = None, output: str = "out") -> dict[str, torch.Tensor]:
        method = method_of(Job(job.dataset, job.seeds, output=output, fingerprint="print"), num_epochs=10, **options)
        method.checkpoint.every_seconds = 0.0
        improve = method.improve

        def improve_or_die(samples, epoch):
            if epoch == kill_after:
                raise Killed
            return improve(samples, epoch)

        method.improve = improve_or_die
        metrics = method.run().tensors()
        return {**method.tensors(), **metrics}

    whole = made(output="other")
    with pytest.raises(Killed):
        made(kill_after=6)
    resumed = made()
    assert resumed.keys() == whole.keys()
    for name, tensor in whole.items():
        assert torch.equal(tensor, resumed[name]), name

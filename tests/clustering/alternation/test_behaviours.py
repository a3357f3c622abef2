from itertools import pairwise

import numpy as np
import pytest
import torch

from stages.artifacts import Artifact
from stages.cloning.steady import SteadySettings
from stages.clustering.alternation.behaviours import Behaviours, BehaviourSettings, Refit, refit
from stages.clustering.cluster_networks import GAUSSIAN, ClusterNetworks
from stages.networks import gaussian
from stages.networks.action_heads import ACTION_HEADS
from stages.training.job import Job
from tests.synthetic import dataset_of, two_policies

SETTINGS = BehaviourSettings(hidden_sizes=(16,), batch_size=64, refit_epochs=40, refit_learning_rate=0.01)


def behaviours_of(job: Job, weights: torch.Tensor, settings: BehaviourSettings = SETTINGS) -> Behaviours:
    return Behaviours(job, settings, weights.shape[-1], weights)


def true_weights(job: Job) -> torch.Tensor:
    labels = torch.from_numpy(job.dataset.behaviour_policy)
    return torch.nn.functional.one_hot(labels, 2).float().expand(len(job.seeds), -1, -1).clone()


def whole_batch(behaviours: Behaviours, seeds: int = 1) -> dict[str, torch.Tensor]:
    return behaviours.rows.gather(torch.arange(len(behaviours.rows)).expand(seeds, -1))


def test_policy_loss_is_the_weighted_log_likelihood():
    job = Job(two_policies(episodes=6, steps=5), [0, 1])
    weights = torch.softmax(torch.randn(2, 6, 3, generator=torch.Generator().manual_seed(0)), dim=-1)
    behaviours = behaviours_of(job, weights)
    batch = whole_batch(behaviours, seeds=2)
    log_probs = gaussian.log_prob(behaviours.policies(batch["observations"]), batch["actions"])
    expected = torch.zeros(2)
    for seed in range(2):
        for row, episode in enumerate(job.dataset.episode_of_step):
            for z in range(3):
                expected[seed] -= weights[seed, episode, z] * log_probs[seed, z, row].item() / 30
    found = behaviours.fit_policies(batch, behaviours.weights.rows_of(batch))["policy"]
    torch.testing.assert_close(found.detach(), expected, rtol=1e-4, atol=1e-5)


def test_classifier_loss_is_the_divergence_and_zero_weights_are_no_trouble():
    job = Job(two_policies(episodes=4, steps=5), [0])
    behaviours = behaviours_of(job, true_weights(job))
    batch = whole_batch(behaviours)
    weights = behaviours.weights.rows_of(batch)
    log_q = torch.log_softmax(behaviours.classifier(batch["observations"]), dim=-1).detach()
    expected = -log_q[0, 0, torch.arange(20), weights[0, 0].argmax(-1)].mean()
    torch.testing.assert_close(behaviours.fit_classifier(batch, weights)["classifier"].detach()[0], expected)
    uniform = torch.full_like(weights, 0.5)
    divergence = behaviours.fit_classifier(batch, uniform)["classifier"]
    assert divergence.item() >= 0
    assert behaviours.classifier.parameters.isfinite().all()


def test_refit_learns_each_policy_from_its_own_episodes():
    job = Job(two_policies(), [0, 1])
    behaviours = behaviours_of(job, true_weights(job))
    losses = refit(job, behaviours, SETTINGS)
    states = torch.tensor([[0.5, -0.5], [-0.8, 0.2]])
    outputs = behaviours.policies(job.normaliser.observations(states).expand(2, 1, -1, -1))
    means = job.normaliser.physical_actions(gaussian.mean_and_log_std(outputs)[0]).detach()
    for seed in range(2):
        torch.testing.assert_close(means[seed, 0], 0.5 * states, atol=0.12, rtol=0)
        torch.testing.assert_close(means[seed, 1], -0.5 * states, atol=0.12, rtol=0)
    assert losses["policy/steps"][-1] == 40 * (1000 // 64)
    assert {"policy/values", "classifier/values"} <= set(losses)


def test_classifier_learns_where_each_behaviour_goes():
    random = np.random.default_rng(0)
    side = np.repeat([-1.0, 1.0], 200)
    observations = np.stack([side * random.uniform(0.2, 1, 400), random.uniform(-1, 1, 400)], axis=1)
    actions = random.standard_normal((400, 1))
    truth = np.repeat([0, 1], 10)
    job = Job(dataset_of(observations, actions, np.zeros(400), [20] * 20, behaviour_policy=truth), [0])
    behaviours = behaviours_of(job, true_weights(job))
    refit(job, behaviours, SETTINGS)
    states = job.normaliser.observations(torch.tensor([[-0.6, 0.0], [0.6, 0.0]]))
    chances = torch.softmax(behaviours.classifier(states[None, None]), dim=-1)[0, 0].detach()
    assert chances[0, 0] > 0.95
    assert chances[1, 1] > 0.95


def test_refit_rate_falls_from_its_start_to_zero():
    job = Job(two_policies(episodes=4, steps=5), [0])
    learner = Refit(behaviours_of(job, true_weights(job)), SETTINGS, steps_per_epoch=1)
    rates = []
    for _ in range(SETTINGS.refit_epochs):
        rates.append(learner.behaviours.policies.learning_rate.item())
        learner.end_epoch({})
    assert rates[0] == pytest.approx(SETTINGS.refit_learning_rate)
    assert all(later < earlier for earlier, later in pairwise(rates))
    assert learner.behaviours.policies.learning_rate.item() == pytest.approx(0, abs=1e-9)
    assert torch.equal(learner.behaviours.policies.learning_rate, learner.behaviours.classifier.learning_rate)


@pytest.mark.parametrize(
    "steady", [None, SteadySettings(hidden_sizes=(8,), batch_size=32, num_steps=20, check_every=10)]
)
def test_policies_of_a_seed_do_not_depend_on_how_many_clusters_others_found(steady):
    settings = SETTINGS.model_copy(update={"refit_epochs": 2, "steady": steady})
    dataset = two_policies(episodes=8, steps=20)
    alone = true_weights(Job(dataset, [3]))
    others = torch.nn.functional.one_hot(torch.arange(8) % 5).float()[None]
    together = torch.cat([others, torch.nn.functional.pad(alone, (0, 3))])
    found = []
    for seeds, weights in (([3], alone), ([1, 3], together)):
        job = Job(dataset, seeds)
        behaviours = behaviours_of(job, weights, settings)
        refit(job, behaviours, settings)
        networks = behaviours.networks(job.normaliser)
        ensemble, parameters = networks.policies, networks.policy_parameters
        found.append([view.unflatten(0, (len(seeds), -1))[-1, :2] for view in ensemble.views(parameters)])
    for of_seed, in_block in zip(*found, strict=True):
        torch.testing.assert_close(in_block, of_seed, rtol=1e-5, atol=1e-6)


def test_no_refit_changes_nothing():
    job = Job(two_policies(episodes=4, steps=5), [0])
    settings = SETTINGS.model_copy(update={"refit_epochs": 0})
    behaviours = behaviours_of(job, true_weights(job), settings)
    before = behaviours.policies.parameters.detach().clone()
    assert refit(job, behaviours, settings) == {}
    assert torch.equal(behaviours.policies.parameters, before)


def test_shapes_rebuild_the_networks():
    job = Job(two_policies(episodes=4, steps=5), [0])
    behaviours = behaviours_of(job, true_weights(job))
    networks = behaviours.networks(job.normaliser)
    assert networks.shapes() == {"num_clusters": 2, "behaviour_sizes": (2, 16, 4), "classifier_sizes": (2, 16, 2)}
    read = ClusterNetworks.of(Artifact(networks.tensors(), {**networks.shapes(), "seeds": [0]}))
    assert (read.policies.sizes, read.num_clusters) == ((2, 16, 4), 2)
    assert torch.equal(read.policy_parameters, behaviours.policies.parameters)
    assert torch.equal(read.normaliser.observation_mean, job.normaliser.observation_mean)


STEADY = {"hidden_sizes": (16,), "batch_size": 64, "learning_rate": 0.01, "num_steps": 300, "average_decay": 0.97}


def test_steady_policies_are_bounded_and_come_with_the_refitted_classifier():
    job = Job(two_policies(episodes=20, steps=30), [0, 1])
    settings = BehaviourSettings(**SETTINGS.model_dump() | {"steady": {**STEADY, "check_every": 50}})
    behaviours = behaviours_of(job, true_weights(job), settings)
    untouched = behaviours.policies.parameters.detach().clone()
    losses = refit(job, behaviours, settings)
    assert {"policy/values", "held-out error/values", "classifier/values"} <= losses.keys()
    assert torch.equal(behaviours.policies.parameters.detach(), untouched)
    made = behaviours.networks(job.normaliser)
    loaded = ClusterNetworks.of(Artifact(made.tensors(), {**made.shapes(), "seeds": [0, 1]}))
    assert loaded.head == "bounded_gaussian"
    states = 3 * job.observations.expand(2, 1, -1, -1)
    outputs = loaded.policies(loaded.policy_parameters.detach(), states)
    means = ACTION_HEADS[loaded.head](outputs, None)
    torch.testing.assert_close(means, torch.tanh(outputs.chunk(2, -1)[0]))
    near = ACTION_HEADS[loaded.head](loaded.policies(loaded.policy_parameters.detach(), states / 3), None)
    true = 0.5 * torch.from_numpy(job.dataset.observations)
    for cluster, sign in enumerate((1, -1)):
        error = job.normaliser.physical_actions(near[:, cluster]) - sign * true
        assert error.square().mean().sqrt() < 0.1


def test_refitted_policies_name_no_head():
    job = Job(two_policies(episodes=4, steps=5), [0])
    made = behaviours_of(job, true_weights(job)).networks(job.normaliser)
    assert made.head == GAUSSIAN
    assert "behaviour_head" not in made.shapes()


def test_steady_policies_need_a_classifier():
    with pytest.raises(ValueError, match="steady: needs refit_epochs above 0"):
        BehaviourSettings(steady=STEADY)

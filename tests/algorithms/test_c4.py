import numpy as np
import pytest
import torch
from pydantic import ValidationError

from stages.algorithms.c4 import C4, C4Settings
from stages.algorithms.cross_covariance.gradient_pairs import gradient_pairs
from stages.errors import UserError
from stages.training.job import Job
from stages.training.loop import Loop
from tests.algorithms.reference import Network, disturbed, fixed_batch, losses_and_gradient, of_seed
from tests.synthetic import dataset_of, ragged, two_policies

HOST = {"method": "td3_bc", "hidden_sizes": [16, 16], "batch_size": 50, "num_steps": 40, "learning_rate": 0.003}
SMALLEST = [C4Settings(host=HOST, num_clusters=2, refit_every=20)]
SMALL = {"num_clusters": 2, "refit_every": 20, "penalty_weight": 0.7, "trace_weight": 0.4}


def learner_of(method: str = "td3_bc", dataset=None, **changes) -> C4:
    host = {"method": method, "hidden_sizes": [8, 7], "batch_size": 8, "num_steps": 40}
    return C4(Job(dataset or ragged(), [0, 1]), C4Settings(**{**SMALL, "host": host, **changes}))


def gradients_by_hand(network: Network, pairs: torch.Tensor, kind: str) -> torch.Tensor:
    """What the output layer sees, or the gradient to the inputs by the chain rule, with gradients to the weights."""
    values, slopes = pairs, None
    *hidden, weight, _ = network.arrays
    for level in range(0, len(hidden), 2):
        raw = values @ hidden[level] + hidden[level + 1]
        step = hidden[level][None] * (raw > 0).double()[:, None]
        values, slopes = raw.clamp(min=0), step if slopes is None else slopes @ step
    return values if kind == "features" else (slopes @ weight)[..., 0]


def penalty_by_hand(learner: C4, rows: dict, seed: int, twins: list[Network]) -> torch.Tensor:
    """Per critic, row by row, of the rows that an action follows."""
    kept, total = rows["paired"][:, 0] > 0, 0.0
    here = torch.cat([rows["observations"], rows["actions"]], 1)[kept]
    there = torch.cat([rows["next_observations"], rows["next_actions"]], 1)[kept]
    for i, twin in enumerate(twins):
        kind = learner.settings.gradients
        target = gradients_by_hand(Network(learner.critics, seed, i, target=True), there, kind).detach()
        online = gradients_by_hand(twin, here, kind)
        matrix = sum(
            torch.outer(t, o) for t, o in zip(target - target.mean(0), online - online.mean(0), strict=True)
        ) / (len(target) - 1)
        total = total + matrix.pow(2).sum() + 0.4 * matrix.trace().pow(2)
    return 0.7 * total


@pytest.mark.parametrize("gradients", ["features", "inputs"])
def test_penalty_and_its_gradient_follow_the_reference(gradients):
    learner = disturbed_host(learner_of(gradients=gradients))
    batch = fixed_batch(learner)
    assert 0 < batch["paired"].mean() < 1
    learner.host.critics.penalty = None
    plain, plain_gradient = losses_and_gradient(learner.critics, learner.host.fit_critics, batch)
    learner.host.critics.penalty = learner.penalty
    losses, gradient = losses_and_gradient(learner.critics, learner.host.fit_critics, batch)
    torch.testing.assert_close(losses["critic"], plain["critic"])
    for seed in range(2):
        twins = [Network(learner.critics, seed, i) for i in range(2)]
        expected = penalty_by_hand(learner, of_seed(batch, seed), seed, twins)
        torch.testing.assert_close(losses["penalty"][seed].double(), expected.detach(), rtol=1e-4, atol=1e-9)
        arrays = [array for twin in twins for array in twin.arrays]
        wanted = torch.autograd.grad(expected, arrays, allow_unused=True)
        added = [
            array[twin.number]
            for twin in twins
            for layer in learner.critics.ensemble.layers(gradient - plain_gradient)
            for array in layer
        ]
        for found, array in zip(added, wanted, strict=True):
            wished = torch.zeros_like(found) if array is None else array.float()
            torch.testing.assert_close(found, wished, rtol=1e-2, atol=1e-6)


def disturbed_host(learner: C4) -> C4:
    disturbed(learner.host)
    return learner


def test_the_gradient_of_the_penalty_is_that_of_finite_differences():
    learner = disturbed_host(learner_of(gradients="inputs"))
    batch, parameters = fixed_batch(learner), learner.critics.parameters
    (gradient,) = torch.autograd.grad(learner.penalty(learner.critics, batch).sum(), parameters)
    direction = gradient / gradient.norm()

    def penalty_at(step: float) -> float:
        parameters.data.add_(step * direction)
        found = learner.penalty(learner.critics, batch).sum().item()
        parameters.data.sub_(step * direction)
        return found

    slope = (penalty_at(1e-3) - penalty_at(-1e-3)) / 2e-3
    assert slope == pytest.approx(float(gradient.norm()), rel=0.05)


def test_nothing_flows_through_the_target_side():
    learner = learner_of()
    target, online = gradient_pairs(learner.critics, fixed_batch(learner), "features")
    assert not target.requires_grad
    assert online.requires_grad


@pytest.mark.parametrize("method", ["td3_bc", "cql", "iql"])
def test_every_host_learns_with_it_and_says_what_the_covariance_is_made_of(method):
    learner = learner_of(method)
    loop = Loop(learner, learner.rows, learner.draws(), log_every=20)
    losses = loop.run(40).tensors()
    assert losses["penalty/values"].min() >= 0
    for name in ("term A", "term B", "term C", "floor", "norm within", "norm between", "trace within"):
        assert losses[f"{name}/values"].isfinite().all(), name
    assert (losses["smallest cluster/values"] <= 0.5).all()
    host = learner.host
    assert learner.tensors().keys() == {*host.tensors(), "labels"}
    assert learner.policy_parameters() is host.policy_parameters()


def test_the_release_variant_is_the_mean_dot_product():
    learner = disturbed_host(learner_of(variant="dot_product"))
    batch = fixed_batch(learner)
    target, online = (side.detach() for side in gradient_pairs(learner.critics, batch, "features"))
    for seed in range(2):
        kept = batch["paired"][seed, 0, :, 0] > 0
        expected = 0.7 * sum((target[seed, i] * online[seed, i])[kept].sum(1).mean() for i in range(2))
        torch.testing.assert_close(learner.penalty(learner.critics, batch)[seed].detach(), expected)


def test_ends_of_episodes_have_no_pair_and_still_a_cluster():
    learner = learner_of()
    dataset = learner.job.dataset
    rows = learner.rows.chunk(0, dataset.num_steps)
    unpaired = (rows["paired"][0, 0, :, 0] == 0).nonzero().squeeze(1)
    assert unpaired.tolist() == (dataset.episode_ends - 1).tolist()
    assert not set(learner.sample.tolist()) & set(unpaired.tolist())
    learner.refit(fixed_batch(learner))
    drawn = learner.draws().chunk(0, 20, torch.device("cpu"))["index"]
    assert set(unpaired.tolist()) & set(drawn.flatten().tolist())


def test_clusters_are_those_of_the_gradients_as_they_are_and_do_not_move_without_them():
    # The fit has to have settled: after 10 rounds up to a quarter of the rows still move, after 100 one in 400.
    learner = learner_of(dataset=two_policies(episodes=20, steps=20), refit_every=40, fit_iterations=100)
    of_pairs = learner.labels.clone()
    learner.refit({})
    settled = learner.labels.clone()
    assert not torch.equal(settled, of_pairs)
    learner.refit({})
    assert (learner.labels == settled).float().mean() > 0.99
    assert all(len(labels.unique()) == 2 for labels in learner.labels)


def test_too_many_clusters_are_refused():
    with pytest.raises(UserError, match=r"num_clusters: 50 clusters of \d+ rows do not fill a batch of 8 each"):
        learner_of(num_clusters=50)


def test_single_steps_are_refused():
    observations = np.arange(40.0)[:, None]
    with pytest.raises(UserError, match="no step is followed by another"):
        learner_of(dataset=dataset_of(observations, observations, np.arange(40.0), [1] * 40))


def test_other_hosts_are_refused():
    with pytest.raises(ValidationError, match=r"host.method: 'bc' is none of td3_bc, cql, iql"):
        C4Settings(host={"method": "bc"})

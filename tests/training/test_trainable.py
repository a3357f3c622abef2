import pytest
import torch

from stages.networks.ensemble import Ensemble
from stages.seeding import generators
from stages.training.trainable import Trainable

pytestmark = pytest.mark.usefixtures("arithmetic")

ENSEMBLE = Ensemble((3, 8, 2), num_seeds=2, num_members=2)


def trainable(**options) -> Trainable:
    return Trainable(ENSEMBLE, generators([0, 1], "test"), 0.01, **options)


def batches(count: int) -> list[torch.Tensor]:
    random = torch.Generator().manual_seed(0)
    return [torch.randn(2, 1, 16, 3, generator=random) for _ in range(count)]


def loss(outputs: torch.Tensor) -> torch.Tensor:
    return (outputs - 1).square().mean((1, 2, 3))


def test_equals_plain_adam():
    ours = trainable()
    parameters = ours.parameters.detach().clone().requires_grad_()
    plain = torch.optim.Adam([parameters], lr=0.01, fused=False, foreach=False)
    for inputs in batches(30):
        ours.minimise(loss(ours(inputs)))
        plain.zero_grad()
        loss(ENSEMBLE(parameters, inputs)).sum().backward()
        plain.step()
    torch.testing.assert_close(ours.parameters, parameters, rtol=1e-4, atol=1e-6)


def test_creating_it_changes_no_weight_and_counts_no_step():
    torch.testing.assert_close(trainable().parameters.detach(), ENSEMBLE.initialise(generators([0, 1], "test")))
    tensors = trainable().tensors()
    assert tensors["step"] == 0
    assert tensors["exp_avg"].count_nonzero() == 0
    assert tensors["learning_rate"] == pytest.approx(0.01)


def test_target_moves_by_its_rate():
    network = trainable(target=True)
    (inputs,) = batches(1)
    start = network.parameters.detach().clone()
    assert torch.equal(network.target(inputs), network(inputs))
    network.minimise(loss(network(inputs)))
    assert torch.equal(network.target_parameters, start)
    network.move_target(0.25)
    torch.testing.assert_close(network.target_parameters, 0.75 * start + 0.25 * network.parameters.detach())
    network.move_target(1.0)
    assert torch.equal(network.target_parameters, network.parameters)
    assert not network.target(inputs).requires_grad


def test_restored_tensors_continue_bit_equal():
    first, second = trainable(target=True), trainable(target=True)
    *before, after = batches(6)
    for inputs in before:
        first.minimise(loss(first(inputs)))
    first.move_target(0.5)
    first.learning_rate.fill_(0.003)
    with torch.no_grad():
        for name, tensor in second.tensors().items():
            tensor.copy_(first.tensors()[name])
    for network in (first, second):
        network.minimise(loss(network(after)))
        network.move_target(0.5)
    for name, tensor in first.tensors().items():
        assert torch.equal(tensor, second.tensors()[name]), name


def test_changing_the_learning_rate_takes_effect():
    network = trainable()
    before = network.parameters.detach().clone()
    network.learning_rate.zero_()
    network.minimise(loss(network(batches(1)[0])))
    assert torch.equal(network.parameters, before)


def test_seeds_are_independent_in_a_step():
    together, alone = trainable(), Trainable(Ensemble((3, 8, 2), 1, 2), generators([1], "test"), 0.01)
    for inputs in batches(20):
        together.minimise(loss(together(inputs)))
        alone.minimise(loss(alone(inputs[1:])))
    (probe,) = batches(1)
    torch.testing.assert_close(together(probe)[1:], alone(probe[1:]), rtol=1e-4, atol=1e-5)


def test_load_starts_from_the_given_parameters():
    network = trainable()
    network.load(torch.full_like(network.parameters, 0.5))
    assert (network.parameters == 0.5).all()
    assert network.parameters.requires_grad


def test_gradients_of_an_ensemble_are_clipped_seed_by_seed():
    clipped, plain = trainable(clip_norm=1.0), trainable()
    (inputs,) = batches(1)
    weights = torch.tensor([1e-3, 1e3])
    for network in (clipped, plain):
        network.minimise(weights * loss(network(inputs)))
    moments = zip(ENSEMBLE.arrays(clipped.exp_avg), ENSEMBLE.arrays(plain.exp_avg), strict=True)
    ours, theirs = (torch.cat(arrays, 1) for arrays in zip(*moments, strict=True))
    norms = theirs.norm(dim=1, keepdim=True) / 0.1
    assert norms[0] < 1 < norms[1]
    torch.testing.assert_close(ours, theirs / norms.clamp(min=1), rtol=1e-4, atol=1e-7)


def test_descending_a_loss_of_the_outputs_is_minimising_it():
    this, other = trainable(), trainable()
    for inputs in batches(3):
        losses = loss(other(inputs))
        other.minimise(losses)
        found = this.descend(inputs, loss)
        assert not found.requires_grad
        torch.testing.assert_close(found, losses.detach())
        torch.testing.assert_close(this.exp_avg, other.exp_avg)


@pytest.mark.parametrize("weighted", [True, False])
def test_regression_is_descending_the_squared_error(weighted):
    this, other = trainable(), trainable()
    random = torch.Generator().manual_seed(0)
    for inputs in batches(3):
        shape = this(inputs).shape
        weights = torch.rand(shape[0], 1, *shape[2:], generator=random) if weighted else None
        target = torch.randn(*shape[:3], 1 if weighted else shape[3], generator=random)

        def squared_error(outputs, weights=weights, target=target):
            values = outputs if weights is None else (outputs * weights).sum(-1, keepdim=True)
            return (values - target).square().mean((2, 3)).sum(1)

        assert torch.equal(this.regress(inputs, target, weights), other.descend(inputs, squared_error))
        assert torch.equal(this.exp_avg, other.exp_avg)


def test_a_step_without_a_gradient_changes_nothing():
    network = trainable(weight_decay=0.1)
    before = {name: tensor.clone() for name, tensor in network.tensors().items()}
    network.apply_gradient()
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.tensors().items())

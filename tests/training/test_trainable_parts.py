import pytest
import torch

from stages.networks.ensemble import Ensemble
from stages.networks.sequences.parts import Block
from stages.seeding import generators
from stages.training.trainable_parts import TrainableParts


def parameters_of(seeds, clip_norm=10.0, learning_rate=0.01) -> TrainableParts:
    parts = {"network": Ensemble((3, 5, 2), len(seeds)), "centres": Block((4, 2), 1.0, normal=True)}
    return TrainableParts(parts, generators(seeds, "test"), learning_rate, clip_norm)


def losses(parameters: TrainableParts) -> torch.Tensor:
    """Some loss of each seed that all parameters matter to."""
    views, network = parameters.views(), parameters.parts.parts["network"]
    inputs = torch.linspace(-1, 1, 12).view(1, 1, 4, 3).expand(parameters.parts.num_seeds, 1, 4, 3)
    outputs = network(views["network"], inputs)[:, 0]
    return outputs.square().mean((1, 2)) + (views["centres"] - outputs).square().sum((1, 2))


def array_of(parameters: TrainableParts, place: int) -> torch.Tensor:
    """All parameters of one seed, in a fixed order."""
    return parameters.parameters.detach()[parameters.owner == place]


def train(parameters: TrainableParts, steps: int) -> TrainableParts:
    for _ in range(steps):
        parameters.minimise(losses(parameters))
    return parameters


@pytest.mark.parametrize("clip_norm", [0.1, 10.0])
def test_a_seed_does_not_depend_on_those_beside_it(clip_norm):
    block, alone = train(parameters_of([3, 1, 2], clip_norm), 20), train(parameters_of([1], clip_norm), 20)
    torch.testing.assert_close(array_of(block, 1), array_of(alone, 0))
    assert not torch.equal(array_of(block, 0), array_of(block, 1))


def test_gradients_are_clipped_seed_by_seed():
    parameters = parameters_of([0, 1])
    loss = losses(parameters) * torch.tensor([1e-3, 1e3])
    loss.sum().backward()
    norms = parameters.gradient_norms()
    norms_of_places = [parameters.parameters.grad[parameters.owner == place].norm() for place in range(2)]
    torch.testing.assert_close(norms, torch.stack(norms_of_places))
    assert norms[0] < parameters.clip_norm < norms[1]


def test_training_lowers_the_loss_and_a_stopped_seed_stays():
    parameters = parameters_of([0, 1])
    start, before = losses(parameters).detach(), array_of(train(parameters, 5), 0)
    parameters.stop(torch.tensor([True, False]))
    train(parameters, 20)
    assert torch.equal(array_of(parameters, 0), before)
    assert (losses(parameters) < 0.9 * start).tolist()[1]
    parameters.restart()
    assert not torch.equal(array_of(train(parameters, 1), 0), before)


def test_arrays_can_be_replaced():
    parameters = parameters_of([0, 1])
    values = torch.arange(16.0).view(2, 4, 2)
    parameters.set("centres", values)
    assert torch.equal(parameters.views()["centres"].detach(), values)

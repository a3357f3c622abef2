import pytest
import torch

from stages.networks.normed_ensemble import NormedEnsemble
from stages.seeding import generators

pytestmark = pytest.mark.usefixtures("arithmetic")

SHAPE = NormedEnsemble((3, 6, 5, 2), num_seeds=2, num_members=2)


def by_hand(flat: torch.Tensor, inputs: torch.Tensor, number: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Features and outputs of one network, by torch's own layers in float64."""
    values = inputs.double()
    *hidden, (weight, bias) = [(w[number].double(), b[number].double()) for w, b in SHAPE.layers(flat)]
    for inner, inner_bias in hidden:
        values = torch.nn.functional.layer_norm(torch.relu(values @ inner + inner_bias), (inner.shape[1],))
    return values, values @ weight + bias


def test_it_is_what_torch_makes_of_each_network():
    flat = SHAPE.initialise(generators([0, 1], "test"))
    inputs = torch.randn(2, 1, 7, 3, generator=torch.Generator().manual_seed(0))
    outputs, features = SHAPE(flat, inputs), SHAPE.features(flat, inputs)
    assert outputs.shape == (2, 2, 7, 2)
    for seed in range(2):
        for member in range(2):
            hidden, expected = by_hand(flat, inputs[seed, 0], 2 * seed + member)
            torch.testing.assert_close(outputs[seed, member].double(), expected, rtol=1e-4, atol=1e-5)
            torch.testing.assert_close(features[seed, member].double(), hidden, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(SHAPE(flat, inputs, member=1)[:, 0], outputs[:, 1])


def test_values_do_not_grow_with_the_inputs_beyond_the_data():
    flat = SHAPE.initialise(generators([0, 1], "test"))
    inputs = torch.randn(2, 1, 7, 3, generator=torch.Generator().manual_seed(0))
    near, far = SHAPE(flat, 10 * inputs), SHAPE(flat, 1e5 * inputs)
    assert (far - near).abs().max() < near.abs().max()

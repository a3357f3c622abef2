import pytest
import torch

from stages.networks.ensemble import Ensemble
from stages.networks.native.layout import Layout, perceptron
from stages.networks.native.loading import switch_off
from stages.networks.native.perceptrons import Perceptrons
from stages.networks.native.reference import evaluate

TOLERANCE = 1e-5
RANDOM = torch.Generator()


def drawn(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=RANDOM)


def one_hot(*shape: int) -> torch.Tensor:
    *rows, width = shape
    return torch.nn.functional.one_hot(torch.randint(0, width, rows, generator=RANDOM), width).float()


def assert_close(found, exact):
    """Within 1e-5 of the largest number."""
    assert found.shape == exact.shape
    assert (found - exact).abs().max() <= TOLERANCE * exact.abs().max()


def by_autograd(layout, flat, inputs, target, weights):
    """Errors, and the gradient of each network's mean square, in float64."""
    flat = flat.double().requires_grad_()
    values = evaluate(layout, flat, inputs.double())
    errors = (values if weights is None else (values * weights).sum(-1, keepdim=True)) - target
    return errors.detach(), torch.autograd.grad(errors.square().mean((2, 3)).sum(), flat)[0]


@pytest.mark.parametrize("norm", ["none", "before", "after"])
@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("width", [1, 2, 5, 16, 33])
@pytest.mark.parametrize("rows", [1, 257])
def test_errors_and_gradients_are_autograds(native, rows, width, weighted, norm):
    RANDOM.manual_seed(0)
    layout = Layout(perceptron((4, 20, width), "relu", norm), 3, 2)
    flat, inputs = 0.3 * drawn(layout.num_parameters), drawn(3, 2, rows, 4)
    weights = drawn(3, 2, rows, width) if weighted else None
    target = drawn(3, 2, rows, 1 if weighted else width)
    found = Perceptrons(native, layout).errors_and_gradient(flat, inputs, target, weights)
    for this, exact in zip(found, by_autograd(layout, flat, inputs, target, weights), strict=True):
        assert_close(this, exact)


@pytest.mark.parametrize("weighted", [True, False])
def test_what_members_share_and_columns_of_wider_rows(native, weighted):
    RANDOM.manual_seed(1)
    layout = Layout(perceptron((4, 20, 3)), 2, 2)
    flat, batch = 0.3 * drawn(layout.num_parameters), drawn(2, 1, 30, 12)
    inputs, weights, target = batch[..., 1:5], batch[..., 5:8], batch[..., 8:9] if weighted else batch[..., 8:11]
    batches = (inputs, target, weights if weighted else None)
    found = Perceptrons(native, layout).errors_and_gradient(flat, *batches)
    for this, exact in zip(found, by_autograd(layout, flat, *batches), strict=True):
        assert_close(this, exact)


@pytest.mark.parametrize("width", [1, 2, 3, 8, 33])
def test_with_unit_vectors_as_weights_torch_finds_the_same_bits_from_the_same_outputs(native, width):
    RANDOM.manual_seed(2)
    ensemble = Ensemble((4, 20, width), 2, 2)
    flat, inputs = (0.3 * drawn(ensemble.num_parameters)).requires_grad_(), drawn(2, 1, 257, 4)
    weights, target = one_hot(2, 1, 257, width), drawn(2, 1, 257, 1)

    def differentiated(outputs):
        errors = (outputs * weights).sum(-1, keepdim=True) - target
        return errors, errors * (2 / 257) * weights

    found = ensemble.errors_and_gradient(flat, inputs, target, weights)
    expected = ensemble.losses_and_gradient(flat, inputs, differentiated)
    assert all(torch.equal(*pair) for pair in zip(found, expected, strict=True))


def test_numbers_do_not_depend_on_networks_or_batches_before(native):
    RANDOM.manual_seed(3)
    layout = Layout(perceptron((4, 20, 3)))
    flat, networks = 0.3 * drawn(layout.num_parameters), Perceptrons(native, layout)
    batches = {rows: (drawn(1, 1, rows, 4), drawn(1, 1, rows, 3)) for rows in (40, 300, 7)}
    first = {rows: networks.errors_and_gradient(flat, *batch) for rows, batch in batches.items()}
    for rows, batch in reversed(batches.items()):
        again = networks.errors_and_gradient(flat, *batch)
        assert all(torch.equal(*pair) for pair in zip(again, first[rows], strict=True))


def test_nan_passes_through(native):
    RANDOM.manual_seed(4)
    layout = Layout(perceptron((4, 20, 2)))
    flat, inputs, target = drawn(layout.num_parameters), drawn(1, 1, 5, 4), drawn(1, 1, 5, 1)
    target[0, 0, 3] = torch.nan
    errors, gradient = Perceptrons(native, layout).errors_and_gradient(flat, inputs, target, torch.ones(1, 1, 5, 2))
    assert errors.isnan().sum() == 1
    assert gradient.isnan().any()


@pytest.mark.parametrize("shape", [(1, 1, 5, 3), (1, 2, 5, 2)], ids=str)
def test_targets_that_do_not_fit_are_refused(native, shape):
    layout = Layout(perceptron((4, 20, 2)))
    networks, flat = Perceptrons(native, layout), torch.zeros(layout.num_parameters)
    with pytest.raises(RuntimeError):
        networks.errors_and_gradient(flat, torch.zeros(1, 1, 5, 4), torch.zeros(shape))


def test_targets_of_another_type_are_refused(native):
    layout = Layout(perceptron((4, 20, 2)))
    networks, flat = Perceptrons(native, layout), torch.zeros(layout.num_parameters)
    with pytest.raises(ValueError, match="float32"):
        networks.errors_and_gradient(flat, torch.zeros(1, 1, 5, 4), torch.zeros(1, 1, 5, 2, dtype=torch.float64))


@pytest.mark.parametrize("weighted", [True, False])
def test_torch_alone_agrees(native, weighted):
    RANDOM.manual_seed(5)
    ensemble = Ensemble((4, 20, 3), 2, 2)
    flat, inputs = (0.3 * drawn(ensemble.num_parameters)).requires_grad_(), drawn(2, 1, 30, 4)
    target = drawn(2, 1, 30, 1 if weighted else 3)
    weights = drawn(2, 1, 30, 3) if weighted else None
    by_native = ensemble.errors_and_gradient(flat, inputs, target, weights)
    switch_off()
    by_torch = ensemble.errors_and_gradient(flat, inputs, target, weights)
    switch_off(False)
    for found, exact in zip(by_native, by_torch, strict=True):
        assert_close(found, exact)

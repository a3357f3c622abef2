import itertools

import pytest
import torch

from stages.networks.native.layout import Layer, Layout, perceptron
from stages.networks.native.perceptrons import ACTIVATIONS, NORMS, Perceptrons
from stages.networks.native.reference import evaluate

TOLERANCE = 1e-5


def draw(layout: Layout, rows: int, batches: int = 1):
    random = torch.Generator().manual_seed(1)
    flat = 0.3 * torch.randn(layout.num_parameters, generator=random)
    inputs = torch.randn(layout.num_seeds, batches, rows, layout.layers[0].inputs, generator=random)
    return flat.requires_grad_(), inputs.requires_grad_()


def doubled(*tensors):
    return [tensor.detach().double().requires_grad_() for tensor in tensors]


def assert_close(found, exact):
    """Within 1e-5 of the largest number."""
    assert found.shape == exact.shape
    assert (found - exact).abs().max() <= TOLERANCE * exact.abs().max()


def compare(native, layout: Layout, rows: int, batches: int = 1, member=None, strange_strides=False):
    """Outputs and all gradients against autograd in float64."""
    flat, inputs = draw(layout, rows, batches)
    exact_flat, exact_inputs = doubled(flat, inputs)
    used = inputs.mT.contiguous().mT if strange_strides else inputs
    outputs, exact = Perceptrons(native, layout)(flat, used, member), evaluate(layout, exact_flat, exact_inputs, member)
    assert_close(outputs, exact)
    direction = torch.randn(outputs.shape, generator=torch.Generator().manual_seed(2))
    (outputs * direction).sum().backward()
    (exact * direction).sum().backward()
    assert_close(flat.grad, exact_flat.grad)
    assert_close(inputs.grad, exact_inputs.grad)


@pytest.mark.parametrize("width", [*range(1, 71), 128, 256])
def test_every_width(native, width):
    compare(native, Layout(perceptron((width, width, 71 - width if width < 71 else 3), "relu"), 1, 2), rows=13)


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("sizes", [(23, 64, 64, 64, 2), (17, 256, 256, 6), (5, 9, 33, 20)], ids=str)
def test_every_kind_of_layer(native, sizes, activation, norm):
    compare(native, Layout(perceptron(sizes, activation, norm), 2), rows=70)


def test_layers_of_different_kinds(native):
    hidden = Layer(4, 8, "tanh"), Layer(8, 30, "relu", "after"), Layer(30, 5, "none", "before")
    layers = *hidden, Layer(5, 2, "none")
    compare(native, Layout(layers, 2, 2), rows=40)


@pytest.mark.parametrize("rows", [1, 2, 5, 255, 256, 257, 512, 1000])
def test_every_number_of_rows(native, rows):
    compare(native, Layout(perceptron((7, 20, 20, 3), "gelu", "before")), rows)
    compare(native, Layout(perceptron((7, 20, 20, 3))), rows)


@pytest.mark.parametrize(("seeds", "members"), [(1, 1), (20, 1), (3, 4), (1, 20)])
@pytest.mark.parametrize("shared", [True, False], ids=["shared batch", "batch per member"])
def test_every_number_of_networks(native, seeds, members, shared):
    compare(native, Layout(perceptron((6, 20, 3)), seeds, members), 11, 1 if shared else members)


@pytest.mark.parametrize("sizes", [(4, 1), (3, 40), (20, 6, 1)], ids=str)
@pytest.mark.parametrize("member", [None, 0, 2])
def test_one_member_alone(native, sizes, member):
    compare(native, Layout(perceptron(sizes), 2, 3), 30, member=member)


def test_columns_cut_from_wider_rows(native):
    compare(native, Layout(perceptron((6, 20, 3)), 2), 30, strange_strides=True)
    layout = Layout(perceptron((6, 20, 3)), 2)
    flat, _ = draw(layout, 1)
    wide = torch.randn(2, 1, 30, 10, generator=torch.Generator().manual_seed(3))
    networks = Perceptrons(native, layout)
    assert torch.equal(networks(flat, wide[..., 2:8]), networks(flat, wide[..., 2:8].contiguous()))


def test_gradients_of_sums_which_torch_hands_over_as_repetitions(native):
    layout = Layout(perceptron((6, 20, 3)), 2)
    flat, inputs = draw(layout, 30)
    exact_flat, exact_inputs = doubled(flat, inputs)
    Perceptrons(native, layout)(flat, inputs)[..., 1:].sum().backward()
    evaluate(layout, exact_flat, exact_inputs)[..., 1:].sum().backward()
    assert_close(flat.grad, exact_flat.grad)
    assert_close(inputs.grad, exact_inputs.grad)


@pytest.mark.parametrize("norm", NORMS)
def test_numbers_do_not_depend_on_networks_or_rows_beside_them(native, norm):
    together, alone = (Layout(perceptron((7, 70, 70, 2), "relu", norm), seeds, 2) for seeds in (5, 1))
    flat, inputs = draw(together, 300)
    views = [view.unflatten(0, (5, 2))[3] for layer in together.layer_views(flat.detach()) for view in layer]
    single = torch.cat([view.reshape(-1) for view in views]).requires_grad_()
    everything, only = Perceptrons(native, together)(flat, inputs), Perceptrons(native, alone)(single, inputs[3:4])
    assert torch.equal(everything[3:4], only)
    assert torch.equal(Perceptrons(native, alone)(single, inputs[3:4, :, 290:]), only[:, :, 290:])
    (whole,) = torch.autograd.grad(everything.square().sum(), flat)
    (part,) = torch.autograd.grad(only.square().sum(), single)
    views = [view.unflatten(0, (5, 2))[3] for layer in together.layer_views(whole) for view in layer]
    assert torch.equal(torch.cat([view.reshape(-1) for view in views]), part)


def test_the_same_call_gives_the_same_bits(native):
    layout = Layout(perceptron((17, 256, 256, 2), "gelu", "after"), 2)
    flat, inputs = draw(layout, 256)
    networks = Perceptrons(native, layout)
    gradients = [torch.autograd.grad(networks(flat, inputs).square().sum(), (flat, inputs)) for _ in range(2)]
    assert all(torch.equal(*pair) for pair in zip(*gradients, strict=True))
    assert torch.equal(networks(flat.detach(), inputs.detach()), networks(flat, inputs))


@pytest.mark.parametrize(("activation", "norm"), list(itertools.product(ACTIVATIONS, NORMS)))
def test_nan_passes_through_as_in_torch(native, activation, norm):
    layout = Layout(perceptron((5, 18, 18, 3), activation, norm))
    flat, inputs = draw(layout, 9)
    with torch.no_grad():
        inputs[0, 0, 4, 2] = torch.nan
    exact_flat, exact_inputs = doubled(flat, inputs)
    outputs, exact = Perceptrons(native, layout)(flat, inputs), evaluate(layout, exact_flat, exact_inputs)
    outputs.sum().backward()
    exact.sum().backward()
    assert outputs[0, 0, 4].isnan().all()
    for found, expected in ((outputs, exact), (inputs.grad, exact_inputs.grad), (flat.grad, exact_flat.grad)):
        assert torch.equal(found.isnan(), expected.isnan())


def test_no_rows_give_no_outputs_and_no_gradient(native):
    layout = Layout(perceptron((5, 6, 2)))
    flat, inputs = draw(layout, 0)
    outputs = Perceptrons(native, layout)(flat, inputs)
    outputs.sum().backward()
    assert outputs.shape == (1, 1, 0, 2)
    assert not flat.grad.any()


def test_a_second_derivative_is_refused(native):
    layout = Layout(perceptron((5, 6, 2), "tanh"))
    flat, inputs = draw(layout, 4)
    outputs = Perceptrons(native, layout)(flat, inputs)
    with pytest.raises(RuntimeError, match="differentiated once"):
        torch.autograd.grad(outputs.sum(), inputs, create_graph=True)


def test_what_does_not_fit_is_refused(native):
    layout = Layout(perceptron((5, 6, 2)), 2, 3)
    flat, inputs = draw(layout, 4)
    networks = Perceptrons(native, layout)
    for wrong_flat, wrong_inputs, member, message in (
        (flat[:-1], inputs, None, "parameters"),
        (flat.double(), inputs, None, "float32"),
        (flat, inputs.double(), None, "float32"),
        (flat.expand(2, -1).mT[:, 0].repeat_interleave(2)[::2], inputs, None, "one piece"),
        (flat, inputs[:1], None, r"\[2, 3 or 1, batch, 5\]"),
        (flat, inputs[..., :4], None, "inputs of shape"),
        (flat, inputs.expand(-1, 2, -1, -1), None, "inputs of shape"),
        (flat, inputs.expand(-1, 3, -1, -1), 0, "inputs of shape"),
        (flat, inputs, 3, "member 3 of 3"),
        (flat, inputs, -1, "member -1 of 3"),
    ):
        with pytest.raises(ValueError, match=message):
            networks(wrong_flat, wrong_inputs, member)
    with pytest.raises(ValueError, match="17 layers"):
        Perceptrons(native, Layout(perceptron([2] * 18)))

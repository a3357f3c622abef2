import pytest
import torch

from stages.networks.native.layout import Layer, Layout, perceptron
from stages.networks.native.reference import evaluate


@pytest.mark.parametrize("norm", ["none", "before", "after"])
@pytest.mark.parametrize("activation", ["relu", "tanh", "gelu"])
def test_equals_torch_modules(activation, norm):
    layout = Layout(perceptron((4, 6, 2), activation, norm))
    flat = torch.randn(layout.num_parameters, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    (weight, bias), (last_weight, last_bias) = layout.layer_views(flat)
    linear, last = torch.nn.Linear(4, 6, dtype=torch.float64), torch.nn.Linear(6, 2, dtype=torch.float64)
    linear.weight.data, linear.bias.data = weight[0].mT.clone(), bias[0, 0].clone()
    last.weight.data, last.bias.data = last_weight[0].mT.clone(), last_bias[0, 0].clone()
    steps: list[torch.nn.Module] = [{"relu": torch.nn.ReLU, "tanh": torch.nn.Tanh, "gelu": torch.nn.GELU}[activation]()]
    if norm != "none":
        module = torch.nn.LayerNorm(6, elementwise_affine=False)
        steps.insert(0 if norm == "before" else 1, module)
    inputs = torch.randn(5, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    expected = torch.nn.Sequential(linear, *steps, last)(inputs)
    torch.testing.assert_close(evaluate(layout, flat, inputs.view(1, 1, 5, 4))[0, 0], expected)


def test_can_be_differentiated_twice():
    layout = Layout(perceptron((3, 5, 2), "tanh", "before"), 2, 2)
    random = torch.Generator().manual_seed(0)
    flat = torch.randn(layout.num_parameters, generator=random, dtype=torch.float64).requires_grad_()
    inputs = torch.randn(2, 1, 3, 3, generator=random, dtype=torch.float64).requires_grad_()
    assert torch.autograd.gradgradcheck(lambda f, x: evaluate(layout, f, x), (flat, inputs))


def test_layout_is_one_contiguous_block_per_layer():
    layout = Layout((Layer(3, 4, "relu", "before"), Layer(4, 2, "none")), num_seeds=2, num_members=3)
    assert layout.blocks == ((6, 3, 4), (6, 1, 4), (6, 4, 2), (6, 1, 2))
    assert layout.num_parameters == 6 * (3 * 4 + 4 + 4 * 2 + 2) == layout.starts[-1]
    flat = torch.arange(layout.num_parameters).float()
    views = [view for layer in layout.layer_views(flat) for view in layer]
    assert torch.equal(torch.cat([view.reshape(-1) for view in views]), flat)


def test_layers_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="do not fit"):
        Layout((Layer(3, 4), Layer(5, 2, "none")))
    with pytest.raises(ValueError, match="linear"):
        Layout((Layer(3, 4),))

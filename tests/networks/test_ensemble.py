import pytest
import torch

from stages.networks.ensemble import Ensemble
from stages.networks.perceptrons import NARROW
from stages.seeding import generators, member_generators

pytestmark = pytest.mark.usefixtures("arithmetic")

SHAPES = [(5, 7, 7, 3), (4, 1), (6, 20, 18), (3, NARROW, NARROW - 1), (3, 9, NARROW), (2, 8, 8, 8, 40)]


def plain_networks(ensemble: Ensemble, flat: torch.Tensor) -> list[torch.nn.Sequential]:
    """The ensemble's networks as `torch.nn.Linear` layers, seed by seed and member by member."""
    views = [view.detach() for view in ensemble.views(flat)]
    networks = []
    for network in range(ensemble.num_networks):
        layers: list[torch.nn.Module] = []
        for weight, bias in zip(views[::2], views[1::2], strict=True):
            linear = torch.nn.Linear(weight.shape[1], weight.shape[2], dtype=flat.dtype)
            linear.weight.data, linear.bias.data = weight[network].mT.clone(), bias[network, 0].clone()
            layers += [linear, torch.nn.ReLU()]
        networks.append(torch.nn.Sequential(*layers[:-1]))
    return networks


def flat_gradient(ensemble: Ensemble, networks: list[torch.nn.Sequential]) -> torch.Tensor:
    """The plain networks' gradients in the ensemble's layout; zero where there is none."""
    flat = torch.zeros(ensemble.num_parameters, dtype=networks[0][0].weight.dtype)
    views = ensemble.views(flat)
    for index, network in enumerate(networks):
        linears = [layer for layer in network if isinstance(layer, torch.nn.Linear)]
        for level, linear in enumerate(linears):
            if linear.weight.grad is not None:
                views[2 * level][index] = linear.weight.grad.mT
                views[2 * level + 1][index, 0] = linear.bias.grad
    return flat


def parts(sizes, seeds, members, batch_members, dtype, batch=11):
    ensemble = Ensemble(sizes, seeds, members)
    flat = ensemble.initialise(generators(range(seeds), "test")).to(dtype).requires_grad_()
    random = torch.Generator().manual_seed(1)
    inputs = torch.randn(seeds, batch_members, batch, sizes[0], generator=random, dtype=dtype, requires_grad=True)
    return ensemble, flat, inputs, random


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("shared", [True, False], ids=["shared batch", "batch per member"])
@pytest.mark.parametrize(("seeds", "members"), [(1, 1), (3, 1), (1, 4), (3, 2)])
@pytest.mark.parametrize("sizes", SHAPES, ids=str)
def test_outputs_and_gradients_equal_linear_layers(sizes, seeds, members, shared, dtype):
    ensemble, flat, inputs, random = parts(sizes, seeds, members, 1 if shared else members, dtype)
    outputs = ensemble(flat, inputs)
    direction = torch.randn(outputs.shape, generator=random, dtype=dtype)
    (outputs * direction).sum().backward()

    networks = plain_networks(ensemble, flat)
    copied = inputs.detach().clone().requires_grad_()
    expected = torch.stack(
        [network(copied[i // members, 0 if shared else i % members]) for i, network in enumerate(networks)]
    )
    (expected * direction.flatten(0, 1)).sum().backward()
    close = dict(rtol=1e-10, atol=1e-12) if dtype == torch.float64 else dict(rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(outputs.flatten(0, 1), expected, **close)
    torch.testing.assert_close(inputs.grad, copied.grad, **close)
    torch.testing.assert_close(flat.grad, flat_gradient(ensemble, networks), **close)


@pytest.mark.parametrize("member", [0, 1, 2])
def test_one_member_alone(member):
    ensemble, flat, inputs, _ = parts((4, 6, 1), seeds=2, members=3, batch_members=1, dtype=torch.float64)
    alone = ensemble(flat, inputs, member=member)
    assert alone.shape == (2, 1, 11, 1)
    torch.testing.assert_close(alone, ensemble(flat, inputs)[:, member : member + 1])
    (gradient,) = torch.autograd.grad(alone.sum(), flat)
    (expected,) = torch.autograd.grad(ensemble(flat, inputs)[:, member].sum(), flat)
    torch.testing.assert_close(gradient, expected)
    assert gradient.count_nonzero() > 0


def test_a_member_of_a_constant_ensemble_passes_the_gradient_on_to_its_inputs():
    ensemble, flat, inputs, _ = parts((4, 6, 1), seeds=2, members=2, batch_members=1, dtype=torch.float64)
    (gradient,) = torch.autograd.grad(ensemble(flat.detach(), inputs, member=1).sum(), inputs)
    (expected,) = torch.autograd.grad(ensemble(flat, inputs)[:, 1].sum(), inputs)
    torch.testing.assert_close(gradient, expected)


@pytest.mark.parametrize("sizes", [(3, 5, 2), (2, 4, 17), (3, 4, 4, 1)], ids=str)
@pytest.mark.parametrize("member", [None, 1])
def test_numerical_gradients(sizes, member):
    ensemble, flat, inputs, _ = parts(sizes, seeds=2, members=2, batch_members=1, dtype=torch.float64, batch=4)
    assert torch.autograd.gradcheck(lambda p, x: ensemble(p, x, member), (flat, inputs))


def test_layout_is_one_contiguous_block_per_layer():
    ensemble = Ensemble((3, 4, 2), num_seeds=2, num_members=3)
    assert ensemble.blocks == [(6, 3, 4), (6, 1, 4), (6, 4, 2), (6, 1, 2)]
    assert ensemble.num_parameters == 6 * (3 * 4 + 4 + 4 * 2 + 2)
    flat = torch.arange(ensemble.num_parameters, dtype=torch.float32)
    views = ensemble.views(flat)
    torch.testing.assert_close(torch.cat([view.reshape(-1) for view in views]), flat)
    views[0][4, 1, 2] = -1.0
    assert flat[4 * 12 + 1 * 4 + 2] == -1.0


def test_initial_weights_lie_in_the_fan_in_box_and_fill_it():
    ensemble = Ensemble((25, 64, 4), num_seeds=2)
    views = ensemble.views(ensemble.initialise(generators([0, 1], "test")))
    for view, fan_in in zip(views, (25, 25, 64, 64), strict=True):
        assert view.abs().max() <= fan_in**-0.5
    assert views[0].abs().max() > 0.99 / 5
    assert abs(views[0].mean()) < 0.01


def test_initial_weights_of_a_member_do_not_depend_on_how_many_follow():
    few, more = (Ensemble((3, 5, 2), num_seeds=2, num_members=members) for members in (2, 4))
    of_few = few.views(few.initialise(member_generators([7, 1], "test", 2)))
    of_more = more.views(more.initialise(member_generators([7, 1], "test", 4)))
    for view, longer in zip(of_few, of_more, strict=True):
        assert torch.equal(view.unflatten(0, (2, 2)), longer.unflatten(0, (2, 4))[:, :2])
    assert len({tuple(weights.flatten().tolist()) for weights in of_more[0]}) == 8


def test_initial_weights_of_a_seed_do_not_depend_on_the_others():
    block = Ensemble((3, 5, 2), num_seeds=4, num_members=2)
    together = block.views(block.initialise(generators([7, 1, 4, 2], "test")))
    single = Ensemble((3, 5, 2), num_seeds=1, num_members=2)
    alone = single.views(single.initialise(generators([4], "test")))
    for view, view_alone in zip(together, alone, strict=True):
        assert torch.equal(view.view(4, 2, *view.shape[1:])[2], view_alone)
    assert not torch.equal(together[0][0], together[0][2])
    assert not torch.equal(together[0][0], together[0][1])


def test_wrong_shapes_are_refused():
    ensemble, flat, inputs, _ = parts((4, 6, 1), seeds=2, members=3, batch_members=1, dtype=torch.float32)
    with pytest.raises(Exception, match="inputs"):
        ensemble(flat, inputs[0])


def test_features_are_what_the_output_layer_sees():
    ensemble = Ensemble((3, 8, 6, 2), num_seeds=2, num_members=2)
    flat = ensemble.initialise(generators([0, 1], "test"))
    inputs = torch.randn(2, 1, 5, 3, generator=torch.Generator().manual_seed(0))
    weight, bias = ensemble.layers(flat)[-1]
    outputs = ensemble.features(flat, inputs).flatten(0, 1) @ weight + bias
    torch.testing.assert_close(outputs.unflatten(0, (2, 2)), ensemble(flat, inputs))

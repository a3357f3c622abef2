import numpy as np
import torch
from torch import nn

from stages.networks.sequences.transformer import Transformer, initialise, look_up, named, norm
from stages.seeding import generators
from stages.training.seedwise_adam import SeedwiseAdam, warm_up

SHAPE = Transformer(width=8, num_heads=2, hidden_sizes=(16, 12))


def weights_of(seeds=(0, 1)):
    return named(SHAPE.shapes, 10 * initialise(SHAPE.shapes, generators(seeds, "test")))


def tokens_of(seeds=2, batch=3, tokens=5):
    return torch.from_numpy(np.random.default_rng(0).standard_normal((seeds, batch, tokens, 8), np.float32))


def test_later_tokens_do_not_change_earlier_ones():
    weights, tokens = weights_of(), tokens_of()
    before = SHAPE(weights, tokens)
    changed = tokens.clone()
    changed[:, :, 3:] *= -1
    after = SHAPE(weights, changed)
    torch.testing.assert_close(after[:, :, :3], before[:, :, :3])
    assert (after[:, :, 3:] - before[:, :, 3:]).abs().amax(-1).min() > 1e-3
    torch.testing.assert_close(SHAPE(weights, tokens[:, :, :2]), before[:, :, :2])


def test_every_token_depends_on_all_before_it():
    tokens = tokens_of().requires_grad_()
    # Not a sum, which the last layer norm makes 0.
    (gradient,) = torch.autograd.grad(SHAPE(weights_of(), tokens)[0, 0, -1, 0], tokens)
    assert (gradient[0, 0].abs().sum(-1) > 0).all()
    assert gradient[0, 1:].abs().sum() == gradient[1].abs().sum() == 0


def test_seeds_have_their_own_weights():
    tokens = tokens_of()
    together = SHAPE(weights_of((0, 7)), tokens)
    torch.testing.assert_close(SHAPE(weights_of((7,)), tokens[1:]), together[1:])


def test_a_block_is_that_of_torch():
    """Against nn.TransformerEncoderLayer, whose layer norms start without scale and shift."""
    shape = Transformer(width=8, num_heads=2, hidden_sizes=(16,))
    weights = named(shape.shapes, initialise(shape.shapes, generators([3], "test")))
    layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, activation="gelu", batch_first=True, norm_first=True)
    with torch.no_grad():
        for name, weight, bias in (
            ("attend", layer.self_attn.in_proj_weight, layer.self_attn.in_proj_bias),
            ("merge", layer.self_attn.out_proj.weight, layer.self_attn.out_proj.bias),
            ("widen", layer.linear1.weight, layer.linear1.bias),
            ("narrow", layer.linear2.weight, layer.linear2.bias),
        ):
            weight.copy_(weights[f"0 {name} weight"][0].T)
            bias.copy_(weights[f"0 {name} bias"][0, 0])
        tokens = tokens_of(seeds=1)
        expected = layer(tokens[0], src_mask=nn.Transformer.generate_square_subsequent_mask(5))
        torch.testing.assert_close(shape(weights, tokens)[0], norm(expected))


def test_tables_are_looked_up_by_seed():
    table = torch.arange(12.0).view(2, 3, 2)
    found = look_up(table, torch.tensor([[0, 2], [1, 1]]))
    torch.testing.assert_close(found, torch.tensor([[[0.0, 1], [4, 5]], [[8, 9], [8, 9]]]))


def test_every_weight_gets_a_gradient():
    parameters = initialise(SHAPE.shapes, generators([0, 1], "test")).requires_grad_()
    SHAPE(named(SHAPE.shapes, parameters), tokens_of())[..., 0].sum().backward()
    for name, gradient in named(SHAPE.shapes, parameters.grad).items():
        if name.endswith("attend bias"):
            gradient = torch.cat([gradient[..., :8], gradient[..., 16:]], dim=-1)  # keys' biases cancel in the softmax
        assert (gradient != 0).all(), name


def test_adam_is_that_of_torch_with_the_rate_growing():
    start = torch.tensor([[1.0, -2.0, 3.0]])
    ours = SeedwiseAdam(start, 0.1, schedule=warm_up(4), weight_decay=0.01)
    theirs = start.clone().requires_grad_()
    optimiser = torch.optim.AdamW([theirs], lr=0.1, weight_decay=0.01)
    for step in range(8):
        ours.minimise(ours.parameters.square().sum(1))
        optimiser.param_groups[0]["lr"] = 0.1 * min((step + 1) / 4, 1)
        optimiser.zero_grad()
        theirs.square().sum().backward()
        optimiser.step()
    torch.testing.assert_close(ours.parameters, theirs)


def test_each_seeds_gradient_is_clipped_by_its_own_norm():
    optimised = SeedwiseAdam(torch.tensor([[3.0, 4.0], [0.03, 0.04]]), 0.1, clip_norm=1.0)
    optimised.minimise(0.5 * optimised.parameters.square().sum(1))
    moments = optimised.tensors()["exp_avg"] / 0.1
    torch.testing.assert_close(moments, torch.tensor([[0.6, 0.8], [0.03, 0.04]]), rtol=1e-4, atol=1e-5)

import pytest
import torch

from stages.embeddings.variational.encoder import TrajectoryEncoder, positions
from stages.embeddings.variational.tokens import Tokens
from stages.networks.sequences.parts import Parts
from stages.seeding import generator, generators

GROUPS = {"skills": 3, "boundaries": 1}


def encoder_of(attention):
    encoder = TrajectoryEncoder(GROUPS, 2, 8, 2, 2, 3, attention)
    parts = Parts(encoder.parts, 2)
    flat = (3 * parts.initialise(generators([0, 1], "test"))).requires_grad_()
    return encoder, parts, flat


def tokens_of(count=6, batch=4):
    values = torch.from_numpy(generator(0, "tokens").standard_normal((2, batch, count, 4))).float()
    mask = torch.arange(count) < torch.tensor([6, 3, 1, 5])[:batch, None]
    return Tokens(values * mask[..., None], mask[None])


@pytest.mark.parametrize("attention", ["standard", "bare"])
def test_padding_and_companions_change_nothing(attention):
    encoder, parts, flat = encoder_of(attention)
    tokens = tokens_of()
    whole = encoder(parts.views(flat), tokens)
    alone = encoder(parts.views(flat), Tokens(tokens.values[:, 1:2, :3], tokens.mask[:, 1:2, :3]))
    spoilt = tokens.values + 100 * ~tokens.mask[..., None]
    for expected, short, wild in zip(
        whole, alone, encoder(parts.views(flat), Tokens(spoilt, tokens.mask)), strict=True
    ):
        torch.testing.assert_close(short[:, 0], expected[:, 1], rtol=1e-5, atol=1e-6)
        torch.testing.assert_close(wild, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("attention", ["standard", "bare"])
def test_every_part_gets_a_gradient(attention):
    encoder, parts, flat = encoder_of(attention)
    views = parts.views(flat)
    for view in views.values():
        view.retain_grad()
    mean, log_variance = encoder(views, tokens_of())
    (mean.square() + log_variance.square()).sum().backward()
    for name, view in views.items():
        assert view.grad is not None and view.grad.abs().max() > 0, name


def test_the_order_of_tokens_matters():
    encoder, parts, flat = encoder_of("standard")
    tokens = tokens_of()
    turned = Tokens(tokens.values.flip(2), tokens.mask)
    before, after = (encoder(parts.views(flat), inputs)[0][:, 0] for inputs in (tokens, turned))
    assert (before - after).abs().max() > 1e-4


def test_positions_are_sines_of_falling_frequency():
    found = positions(50, 6)
    torch.testing.assert_close(found[:, 0], torch.arange(50.0).sin())
    torch.testing.assert_close(found[:, 1], torch.arange(50.0).cos())
    torch.testing.assert_close(found[:, 4], (torch.arange(50.0) * 10_000 ** (-4 / 6)).sin())
    assert positions(5, 7).shape == (5, 7)

import math

import numpy as np
import torch

from stages.embeddings.skills.segments import boundaries, code_length, entropy, free_steps, held, marginal
from stages.seeding import generator


def normal(*shape, position=0):
    return torch.from_numpy(generator(0, "test", position).standard_normal(shape))


def reads_of(pattern):
    """Reads ``[1, time, 1]`` of one window."""
    return torch.tensor(pattern, dtype=torch.float64)[None, :, None]


def naive(fresh, reads):
    """The recursion as it is written, step by step."""
    z, found = torch.zeros_like(fresh[:, 0]), []
    for now, read in zip(fresh.unbind(1), reads.unbind(1), strict=True):
        z = read[..., None] * now + (1 - read[..., None]) * z
        found.append(z)
    return torch.stack(found, dim=1)


def test_the_gather_is_the_loop_in_value_and_gradient():
    fresh = normal(2, 17, 5, 3).requires_grad_()
    reads = (normal(2, 17, 5, position=1) > 0.5).double()
    reads[:, 0] = 1
    reads.requires_grad_()
    weights = normal(2, 17, 5, 3, position=2)
    torch.testing.assert_close(held(fresh, reads), naive(fresh, reads))
    ours = torch.autograd.grad((weights * held(fresh, reads)).sum(), [fresh, reads])
    theirs = torch.autograd.grad((weights * naive(fresh, reads)).sum(), [fresh, reads])
    torch.testing.assert_close(ours[0], theirs[0])
    torch.testing.assert_close(ours[1], theirs[1])


def test_the_code_length_is_boundaries_times_entropy():
    """Two windows of 3 and 1 boundaries: 2 in the mean; skills a, a, b, b at them: half of them each."""
    reads = torch.tensor([[1, 1], [0, 0], [1, 0], [1, 0]], dtype=torch.float64)[None]
    choice = torch.zeros(1, 4, 2, 3, dtype=torch.float64)
    for step, window, skill in [(0, 0, 0), (2, 0, 0), (3, 0, 1), (0, 1, 1)]:
        choice[0, step, window, skill] = 1
    assert marginal(reads, choice)[0].tolist() == [0.5, 0.5, 0]
    np.testing.assert_allclose(code_length(reads, choice).item(), 2 * math.log(2))
    np.testing.assert_allclose(entropy(torch.tensor([1.0, 0.0])).item(), 0, atol=1e-6)


def test_a_boundary_costs_what_telling_its_skill_takes():
    reads = torch.ones(1, 4, 2, dtype=torch.float64, requires_grad=True)
    choice = torch.softmax(normal(1, 4, 2, 3), dim=-1)
    (gradient,) = torch.autograd.grad(code_length(reads, choice).sum(), reads)
    takes = -(choice * marginal(reads, choice).log()[:, None, None]).sum(-1)
    torch.testing.assert_close(gradient, takes.detach() / 2)


def test_segments_have_a_least_length():
    wanted = reads_of([1, 1, 0, 1, 1, 0, 0, 1, 1, 1]) > 0
    assert free_steps(wanted, 3)[0, :, 0].nonzero().flatten().tolist() == [0, 3, 6, 7]
    log_odds = torch.full((1, 50, 4), 3.0)
    for least in (1, 2, 5):
        reads = boundaries(log_odds, None, torch.ones_like(log_odds, dtype=torch.bool), 1.0, least)
        places = reads[0, :, 0].nonzero().flatten()
        assert places[0] == 0 and (places.diff() == least).all()
    noise = normal(1, 50, 4).float()
    reads = boundaries(0 * log_odds, noise, torch.ones_like(log_odds, dtype=torch.bool), 1.0, 3)
    assert all((window.nonzero().flatten().diff() >= 3).all() for window in reads[0].unbind(1))


def test_gradients_reach_the_log_odds_where_a_boundary_is_free():
    log_odds = torch.full((1, 6, 1), -1.0)
    log_odds[0, 2] = 1.0
    log_odds.requires_grad_()
    mask = torch.ones_like(log_odds, dtype=torch.bool)
    mask[0, 5] = False
    reads = boundaries(log_odds, None, mask, 0.5, 2)
    assert reads[0, :, 0].tolist() == [1, 0, 1, 0, 0, 0]
    (gradient,) = torch.autograd.grad(reads.sum(), log_odds)
    soft = torch.sigmoid(2 * log_odds.detach())
    expected = 2 * soft * (1 - soft) * torch.tensor([0, 0, 1, 0, 1, 0])[None, :, None]
    torch.testing.assert_close(gradient, expected)


def test_boundaries_are_drawn_with_their_probability():
    log_odds = torch.full((1, 2, 20000), 0.7)
    reads = boundaries(log_odds, normal(1, 2, 20000).float(), torch.ones_like(log_odds, dtype=torch.bool), 1.0, 1)
    assert abs(reads[0, 1].mean().item() - 1 / (1 + math.exp(-0.7))) < 0.01

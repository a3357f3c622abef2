"""Identities that hold to rounding, whatever the data."""

import pytest
import torch

from stages.algorithms.cross_covariance import covariance

EVERY = torch.ones(2, 9, dtype=torch.float64)


def sides(rows: int = 9, width: int = 4) -> tuple[torch.Tensor, torch.Tensor]:
    random = torch.Generator().manual_seed(0)
    target, online = (torch.randn(2, rows, width, generator=random, dtype=torch.float64) for _ in range(2))
    return target, online + 0.5 * target


def test_it_is_the_covariance_that_torch_finds():
    target, online = sides()
    for block in range(2):
        whole = torch.cov(torch.cat([target[block], online[block]], 1).mT)
        torch.testing.assert_close(covariance.cross_covariance(target, online, EVERY)[block], whole[:4, 4:])


def test_the_law_of_total_covariance():
    target, online = sides()
    groups = torch.nn.functional.one_hot(torch.tensor([0, 1, 2, 0, 0, 1, 2, 2, 0]), 4).double().expand(2, -1, -1)
    within, between = covariance.within_and_between(target, online, groups)
    torch.testing.assert_close(within + between, covariance.cross_covariance(target, online, EVERY) * 8 / 9)
    by_hand = torch.zeros_like(within)
    for group in range(3):
        chosen = groups[0, :, group] == 1
        part = covariance.cross_covariance(target[:, chosen], online[:, chosen], EVERY[:, chosen])
        by_hand += part * (chosen.sum() - 1) / 9
    torch.testing.assert_close(within, by_hand)


@pytest.mark.parametrize("width", [4, 30])
def test_the_penalty_is_that_of_the_matrix_formed(width):
    target, online = sides(width=width)
    matrix = covariance.cross_covariance(target, online, EVERY)
    expected = matrix.square().sum((1, 2)) + 0.7 * matrix.diagonal(dim1=1, dim2=2).sum(1).square()
    torch.testing.assert_close(covariance.penalty(target, online, EVERY, 0.7), expected)


def test_adding_a_constant_to_either_side_changes_nothing():
    target, online = sides()
    shifted = covariance.penalty(target + torch.arange(4), online - 3, EVERY, 0.7)
    torch.testing.assert_close(shifted, covariance.penalty(target, online, EVERY, 0.7))


def test_scaling_the_sides_scales_it_by_the_product_of_squares():
    target, online = sides()
    scaled = covariance.penalty(3 * target, -2 * online, EVERY, 0.7)
    torch.testing.assert_close(scaled, 36 * covariance.penalty(target, online, EVERY, 0.7))


def test_equal_sides_give_the_covariance_itself():
    target, _ = sides()
    sigma = torch.stack([torch.cov(block.mT) for block in target])
    expected = sigma.square().sum((1, 2)) + 0.7 * covariance.variance(target, EVERY).square()
    torch.testing.assert_close(covariance.penalty(target, target, EVERY, 0.7), expected)


def test_it_is_not_negative_and_bounded_by_the_traces():
    target, online = sides()
    squared_norm, trace = covariance.squared_norm_and_trace(target, online, EVERY)
    assert (covariance.penalty(target, online, EVERY, 0.0) >= 0).all()
    bound = covariance.variance(target, EVERY) * covariance.variance(online, EVERY)
    assert (squared_norm <= bound).all()
    assert (trace.square() <= bound).all()


def test_swapping_the_sides_transposes_it():
    target, online = sides()
    there, back = (covariance.cross_covariance(*pair, EVERY) for pair in ((target, online), (online, target)))
    torch.testing.assert_close(back, there.mT)
    swapped = covariance.penalty(online, target, EVERY, 0.7)
    torch.testing.assert_close(swapped, covariance.penalty(target, online, EVERY, 0.7))


def test_of_independent_sides_there_is_the_floor():
    random = torch.Generator().manual_seed(0)
    target, online = (torch.randn(4000, 12, 5, generator=random, dtype=torch.float64) for _ in range(2))
    every = torch.ones(4000, 12, dtype=torch.float64)
    found, _ = covariance.squared_norm_and_trace(target, 2 * online, every)
    # E ||C||^2 = tr Sigma' tr Sigma / (n - 1) = 5 * 20 / 11; the estimate of each trace is unbiased, and independent.
    assert float(found.mean()) == pytest.approx(100 / 11, rel=0.03)
    assert float(covariance.floor(target, 2 * online, every).mean()) == pytest.approx(100 / 11, rel=0.03)


def test_rows_of_weight_zero_take_no_part():
    target, online = sides()
    weights = EVERY.clone()
    weights[:, [2, 5]] = 0
    kept = [0, 1, 3, 4, 6, 7, 8]
    expected = covariance.penalty(target[:, kept], online[:, kept], EVERY[:, kept], 0.7)
    torch.testing.assert_close(covariance.penalty(target, online, weights, 0.7), expected)
    assert covariance.penalty(target, online, 0 * EVERY, 0.7).tolist() == [0.0, 0.0]


def test_the_variance_of_displaced_errors_is_that_of_the_three_terms():
    # Theorem 1: Var(gamma k' <w', g'> - k <w, g>) = A + B - 2 gamma k k' w'^T C w.
    target, online = sides()
    there, here = torch.randn(2, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    for block in range(2):
        displaced = 0.9 * 0.3 * target[block] @ there - 0.5 * online[block] @ here
        a, b = (0.27**2 * (target[block] @ there).var(), 0.5**2 * (online[block] @ here).var())
        c = there @ covariance.cross_covariance(target, online, EVERY)[block] @ here
        torch.testing.assert_close(displaced.var(), a + b - 2 * 0.9 * 0.3 * 0.5 * c)

import math

import pytest
import torch

from stages.networks.native.adam import Adam


def vectors(count: int, size: int):
    random = torch.Generator().manual_seed(0)
    return [torch.randn(size, generator=random) for _ in range(count)]


def state(size: int):
    return torch.tensor(0.01), torch.tensor(0.0), torch.zeros(size), torch.zeros(size)


@pytest.mark.parametrize("size", [1, 7, 64, 1001])
@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
def test_equals_torchs_adam_in_float64(native, size, weight_decay):
    start, *gradients = vectors(40, size)
    rate, steps, mean, square = state(size)
    parameters = start.clone()
    exact = start.double().requires_grad_()
    optimiser = torch.optim.AdamW([exact], lr=0.01, weight_decay=weight_decay)
    adam = Adam(native, [size], weight_decay=weight_decay)
    for gradient in gradients:
        adam.step(rate, steps, parameters, gradient, mean, square)
        exact.grad = gradient.double()
        optimiser.step()
    moments = optimiser.state[exact]
    assert steps == len(gradients)
    torch.testing.assert_close(parameters.double(), exact.detach(), rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(mean.double(), moments["exp_avg"], rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(square.double(), moments["exp_avg_sq"], rtol=1e-4, atol=1e-7)


def test_the_rate_is_read_at_every_step(native):
    start, gradient = vectors(2, 9)
    rate, steps, mean, square = state(9)
    parameters = start.clone()
    rate.zero_()
    Adam(native, [9]).step(rate, steps, parameters, gradient, mean, square)
    assert torch.equal(parameters, start)
    rate.fill_(0.5)
    Adam(native, [9]).step(rate, steps, parameters, gradient, mean, square)
    assert not torch.equal(parameters, start)


def test_the_gradient_of_each_seed_is_clipped_by_its_norm_over_all_blocks(native):
    sizes, seeds = (3, 20), 2
    first, second = torch.full((seeds, 3), 0.1), torch.full((seeds, 20), 0.1)
    first[1], second[1] = 30.0, 40.0
    gradient = torch.cat([first.reshape(-1), second.reshape(-1)])
    rate, steps, mean, square = state(46)
    Adam(native, sizes, seeds, clip_norm=5.0).step(rate, steps, torch.zeros(46), gradient, mean, square)
    norm = math.sqrt(3 * 30.0**2 + 20 * 40.0**2)
    expected = torch.cat([first, second], 1) * torch.tensor([[1.0], [5.0 / norm]])
    found = torch.cat([mean[:6].view(2, 3), mean[6:].view(2, 20)], 1) / 0.1
    torch.testing.assert_close(found, expected)


def test_nan_in_a_gradient_stays_with_its_seed(native):
    gradient = torch.ones(8)
    gradient[5] = torch.nan
    rate, steps, mean, square = state(8)
    parameters = torch.zeros(8)
    Adam(native, [4], num_seeds=2, clip_norm=1.0).step(rate, steps, parameters, gradient, mean, square)
    assert parameters[:4].isfinite().all()
    assert parameters[4:].isnan().all()


def test_what_does_not_fit_is_refused(native):
    rate, steps, mean, square = state(8)
    adam = Adam(native, [4], num_seeds=2)
    with pytest.raises(ValueError, match="8 are expected"):
        adam.step(rate, steps, torch.zeros(9), torch.zeros(9), torch.zeros(9), torch.zeros(9))
    with pytest.raises(ValueError, match="float32"):
        adam.step(rate, steps, torch.zeros(8).double(), torch.zeros(8).double(), mean.double(), square.double())
    with pytest.raises(ValueError, match="one piece"):
        adam.step(rate, steps, torch.zeros(16)[::2], torch.zeros(8), mean, square)

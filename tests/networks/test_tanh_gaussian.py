import math

import torch

from stages.networks import tanh_gaussian


def test_log_prob_is_that_of_torchs_transformed_distribution():
    random = torch.Generator().manual_seed(0)
    outputs, noise = torch.randn(3, 5, 4, generator=random), torch.randn(3, 5, 2, generator=random)
    actions, log_prob = tanh_gaussian.sample_with_log_prob(outputs, noise)
    mean, log_std = outputs.double().chunk(2, -1)
    normal = torch.distributions.Normal(mean, log_std.exp())
    squashed = torch.distributions.TransformedDistribution(normal, [torch.distributions.TanhTransform(cache_size=1)])
    expected = squashed.log_prob(torch.tanh(mean + log_std.exp() * noise)).sum(-1)
    torch.testing.assert_close(log_prob.double(), expected, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(actions, tanh_gaussian.sample(outputs, noise))
    torch.testing.assert_close(tanh_gaussian.log_prob(outputs, actions), log_prob, rtol=1e-3, atol=1e-3)
    assert tanh_gaussian.log_prob(outputs, torch.ones(3, 5, 2)).isfinite().all()


def test_far_out_it_stays_finite():
    outputs = torch.tensor([[30.0, -5.0]])
    actions, log_prob = tanh_gaussian.sample_with_log_prob(outputs, torch.zeros(1, 1))
    assert actions.item() == 1
    assert log_prob.item() > 50 - math.log(2) * 4
    assert math.isfinite(log_prob.item())


def test_without_noise_it_acts_by_the_tanh_of_the_mean():
    assert tanh_gaussian.sample(torch.tensor([[0.5, 1.0]]), None).item() == torch.tanh(torch.tensor(0.5)).item()


def test_log_density_is_that_of_a_change_of_variables():
    outputs = torch.tensor([[0.3, -2.0, -0.5, 0.1]], dtype=torch.float64)
    noise = torch.tensor([[0.7, -1.2]], dtype=torch.float64)
    actions, log_density = tanh_gaussian.sample_with_log_prob(outputs, noise)
    raw = torch.atanh(actions)
    normal = torch.distributions.Normal(outputs[:, :2], outputs[:, 2:].exp())
    expected = (normal.log_prob(raw) - torch.log(1 - actions.square())).sum(-1)
    torch.testing.assert_close(log_density, expected)


def test_log_density_stays_finite_where_tanh_is_one():
    _, log_density = tanh_gaussian.sample_with_log_prob(torch.tensor([[40.0, 0.0]]), torch.zeros(1, 1))
    assert torch.isfinite(log_density).all()

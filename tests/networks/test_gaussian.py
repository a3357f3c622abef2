import torch
from torch.distributions import Independent, Normal

from stages.networks import gaussian


def outputs(shape: tuple[int, ...], spread: float = 1.0) -> torch.Tensor:
    return spread * torch.randn(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def test_log_prob_equals_torch_distributions():
    values = outputs((2, 3, 50, 8), spread=0.4)
    actions = outputs((2, 3, 50, 4), spread=2.0)
    mean, log_std = values.chunk(2, dim=-1)
    expected = Independent(Normal(mean, log_std.exp()), 1).log_prob(actions)
    torch.testing.assert_close(gaussian.log_prob(values, actions), expected)


def test_gradient_of_log_prob_equals_torch_distributions():
    values, actions = outputs((20, 6), spread=0.4).requires_grad_(), outputs((20, 3))
    (gradient,) = torch.autograd.grad(gaussian.log_prob(values, actions).sum(), values)
    mean, log_std = values.chunk(2, dim=-1)
    (expected,) = torch.autograd.grad(Independent(Normal(mean, log_std.exp()), 1).log_prob(actions).sum(), values)
    torch.testing.assert_close(gradient, expected)


def test_log_std_is_clipped():
    mean, log_std = gaussian.mean_and_log_std(torch.tensor([[1.0, 2.0, -50.0, 50.0]]))
    assert mean.tolist() == [[1.0, 2.0]]
    assert log_std.tolist() == [[gaussian.MIN_LOG_STD, gaussian.MAX_LOG_STD]]


def test_samples_have_the_distribution_of_the_policy():
    values = torch.tensor([0.3, -1.0, -0.5, 0.2]).expand(200_000, 4)
    noise = torch.randn(200_000, 2, generator=torch.Generator().manual_seed(0))
    actions = gaussian.sample(values, noise)
    torch.testing.assert_close(actions.mean(0), torch.tensor([0.3, -1.0]), atol=0.01, rtol=0)
    torch.testing.assert_close(actions.std(0), torch.tensor([-0.5, 0.2]).exp(), atol=0.01, rtol=0)


def test_zero_noise_gives_the_mean():
    values = outputs((5, 6))
    assert torch.equal(gaussian.sample(values, torch.zeros(5, 3, dtype=torch.float64)), values[:, :3])

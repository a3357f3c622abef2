import pytest
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


def density(values: torch.Tensor, actions: torch.Tensor) -> torch.Tensor:
    mean, log_std = gaussian.mean_and_log_std(values)
    return Independent(Normal(mean, log_std.exp()), 1).log_prob(actions)


@pytest.mark.parametrize(
    ("batch", "other"), [((20,), (20,)), ((4, 3, 20), (4, 1, 20)), ((4, 1, 20), (4, 3, 20))], ids=str
)
def test_gradients_of_log_prob_equal_torch_distributions(batch, other):
    values, actions = outputs((*batch, 6), spread=4.0).requires_grad_(), outputs((*other, 3)).requires_grad_()
    weights = outputs(torch.broadcast_shapes(batch, other))
    found = torch.autograd.grad((weights * gaussian.log_prob(values, actions)).sum(), (values, actions))
    expected = torch.autograd.grad((weights * density(values, actions)).sum(), (values, actions))
    torch.testing.assert_close(found, expected)


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

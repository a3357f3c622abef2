import numpy as np
import pytest
import torch
from scipy.stats import expectile as scipy_expectile

from stages.training.expectile import expectile_loss

DIFFERENCES = torch.tensor([-2.0, -0.5, 0.0, 0.5, 2.0])


def test_one_half_is_half_the_squared_error():
    torch.testing.assert_close(expectile_loss(DIFFERENCES, 0.5), 0.5 * DIFFERENCES.square())


def test_by_hand():
    torch.testing.assert_close(expectile_loss(DIFFERENCES, 0.9), torch.tensor([0.4, 0.025, 0.0, 0.225, 3.6]))


@pytest.mark.parametrize("level", [0.1, 0.5, 0.7, 0.9])
def test_minimiser_is_the_expectile(level):
    values = torch.from_numpy(np.random.default_rng(0).exponential(size=200))
    found = torch.zeros((), dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([found], max_iter=100, tolerance_grad=1e-12, line_search_fn="strong_wolfe")

    def closure():
        optimiser.zero_grad()
        loss = expectile_loss(values - found, level).mean()
        loss.backward()
        return loss

    optimiser.step(closure)
    assert found.item() == pytest.approx(scipy_expectile(values.numpy(), level), abs=1e-4)

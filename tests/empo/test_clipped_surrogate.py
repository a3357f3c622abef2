import math

import pytest
import torch

from stages.empo.clipped_surrogate import clipped_surrogate


@pytest.mark.parametrize(
    ("ratio", "advantage", "objective", "clipped"),
    [
        (1.0, 2.0, 2.0, 0.0),
        (1.1, 2.0, 2.2, 0.0),
        (1.5, 2.0, 2.4, 1.0),  # raising a good action further earns nothing
        (0.5, 2.0, 1.0, 0.0),  # but an action that has become too rare is still worth raising
        (0.5, -2.0, -1.6, 1.0),
        (1.5, -2.0, -3.0, 0.0),
    ],
)
def test_by_hand(ratio, advantage, objective, clipped):
    log_ratio = torch.tensor([math.log(ratio)], requires_grad=True)
    surrogate = clipped_surrogate(log_ratio, torch.tensor([advantage]), 0.2)
    assert surrogate.objective.item() == pytest.approx(objective, rel=1e-5)
    assert surrogate.clipped.item() == clipped
    surrogate.objective.sum().backward()
    assert log_ratio.grad.item() == pytest.approx(0.0 if clipped else ratio * advantage, rel=1e-5)


def test_gradient_at_the_reference_is_the_policy_gradient():
    advantages = torch.randn(50, generator=torch.Generator().manual_seed(0))
    log_ratio = torch.zeros(50, requires_grad=True)
    surrogate = clipped_surrogate(log_ratio, advantages, 0.2)
    surrogate.objective.sum().backward()
    torch.testing.assert_close(log_ratio.grad, advantages)
    assert surrogate.clipped.sum() == 0

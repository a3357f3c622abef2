import pytest
import torch

from stages.networks.native import gradient as module
from stages.networks.native.gradient import gradient


@pytest.mark.parametrize("engine", [True, False], ids=["engine", "without"])
def test_is_that_of_the_sum_of_losses(monkeypatch, engine):
    if not engine:
        monkeypatch.setattr(module, "_engine", None)
    parameters = torch.tensor([1.0, -2.0, 3.0], requires_grad=True)
    others = torch.tensor([2.0, 2.0, 2.0], requires_grad=True)
    losses = parameters.square() * others
    assert torch.equal(gradient(losses, parameters), 4 * parameters)
    assert parameters.grad is None
    assert others.grad is None


def test_torch_still_has_the_short_way():
    assert module._engine is not None

"""Every learner computes by the native layer what it computes by torch: its losses, and gradients of all it trains."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import torch
from torch import Tensor

from stages.empo.ppo import Ppo
from stages.networks.native.loading import library, switch_off
from stages.online.sac import SacSettings, train
from stages.online.training import OnlineJob
from stages.safety import SAFETY
from stages.training.learner import HasState, Losses
from stages.training.seedwise_adam import SeedwiseAdam
from stages.training.stepper import Stepper
from tests.contracts.test_every_learner import EVERYTHING, RUN, critics
from tests.safety.smallest import trained

TOLERANCE = 1e-5  # of the largest number, from exact ones; torch rounds as much, so both may be twice as far apart
FEW_STEPS = 4  # of each training, which are compared
# Share of scores above zero, where all are zero but for rounding while a policy is its own reference.
COUNTED = {"accuracy"}
SEEDS = (3, 6)
SMALL_SAC = SacSettings(
    num_steps=16, snapshot_every=16, num_robots=2, random_steps=40, capacity=150, hidden_sizes=(8, 8), batch_size=16
)

LEARNERS: dict[str, Callable[[], object]] = {
    **{f"{kind} {name}".strip(): lambda kind=kind, name=name: RUN[kind](name, SEEDS) for kind, name in EVERYTHING},
    "critics": lambda: critics.__wrapped__(SEEDS),
    **{f"safety {name}": lambda name=name: trained.__wrapped__(name, SEEDS) for name in SAFETY.names()},
    "online sac": lambda: train(OnlineJob("Hopper-v4"), SMALL_SAC),
}


@pytest.mark.parametrize("name", LEARNERS)
def test_gradients_and_losses_agree_with_torchs(name, monkeypatch):
    assert library() is not None
    compared = Comparison(monkeypatch)
    monkeypatch.setattr(Stepper, "single", compared.step_of(Stepper.single))
    monkeypatch.setattr(Ppo, "improve", compared.epoch_of(Ppo.improve))
    LEARNERS[name]()
    assert compared.gradients > 0


class Comparison:
    """Makes updates by torch and by the native layer from the same state, and neither's optimiser step.

    Attributes:
        gradients: How many were compared that are not zero.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.monkeypatch, self.gradients = monkeypatch, 0

    def step_of(self, single: Callable[..., Losses]) -> Callable[..., Losses]:
        """A stepper's step that compares before it is made."""

        def compared(stepper: Stepper, drawn: dict[str, Tensor]) -> Losses:
            step = stepper.step + 1
            if step <= FEW_STEPS:
                for update in stepper.learner.updates:
                    if not update.eager and step % update.every == 0:
                        batch = stepper.batch(drawn)
                        self.compare(stepper.learner, lambda update=update, batch=batch: update.apply(batch))
            return single(stepper, drawn)

        return compared

    def epoch_of(self, improve: Callable[..., Losses]) -> Callable[..., Losses]:
        """An epoch of policy improvement that compares before it is made."""

        def compared(ppo: Ppo, *arguments: object) -> Losses:
            self.compare(ppo, lambda: improve(ppo, *arguments))
            return improve(ppo, *arguments)

        return compared

    def compare(self, learner: HasState, update: Callable[[], Losses]) -> None:
        """Both give the same losses and gradients."""
        native, by_native = self._made(learner, update)
        switch_off()
        torchs, by_torch = self._made(learner, update)
        switch_off(False)
        assert native.keys() == torchs.keys()
        assert len(by_native) == len(by_torch)
        for found, expected in zip(by_native, by_torch, strict=True):
            assert (found - expected).abs().max() <= 2 * TOLERANCE * expected.abs().max()
        for name in native.keys() - COUNTED:
            # Some losses are differences of larger numbers, all of order 1, that cancel at the start of a training.
            torch.testing.assert_close(native[name], torchs[name], rtol=TOLERANCE, atol=TOLERANCE)
        self.gradients += sum(bool(gradient.any()) for gradient in by_torch)

    def _made(self, learner: HasState, update: Callable[[], Losses]) -> tuple[Losses, list[Tensor]]:
        before = {name: tensor.detach().clone() for name, tensor in learner.tensors().items()}
        with self._recorded() as gradients:
            losses = {name: loss.detach().clone() for name, loss in update().items()}
        with torch.no_grad():
            for name, tensor in learner.tensors().items():
                tensor.copy_(before[name])
        return losses, gradients

    @contextmanager
    def _recorded(self) -> Iterator[list[Tensor]]:
        gradients: list[Tensor] = []

        def record(optimiser: SeedwiseAdam) -> None:
            gradients.append(optimiser.parameters.grad.clone())
            optimiser.parameters.grad = None

        with self.monkeypatch.context() as patch:
            patch.setattr(SeedwiseAdam, "apply_gradient", record)
            yield gradients

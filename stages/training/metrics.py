"""Losses over training: recorded every few steps, checked for divergence, saved with the result."""

from __future__ import annotations

import torch
from torch import Tensor

from stages.errors import UserError


class Metrics:
    """Losses by name, each with the steps at which they were recorded and one value per seed.

    Args:
        every: Steps between records. Reading a loss waits for the device, so it is not done at every step.
    """

    def __init__(self, every: int = 500) -> None:
        self.every = every
        self.steps: dict[str, list[int]] = {}
        self.values: dict[str, list[Tensor]] = {}
        self._pending: dict[str, tuple[int, Tensor]] = {}

    def record(self, step: int, losses: dict[str, Tensor]) -> None:
        """Note the losses of `step`; the newest of each name is kept at every multiple of `every`.

        Raises:
            UserError: A loss is not finite.
        """
        for name, loss in losses.items():
            self._pending[name] = (step, loss)
        if step % self.every == 0:
            self._keep()

    def _keep(self) -> None:
        for name, (step, loss) in self._pending.items():
            value = loss.detach().float().cpu().clone()
            if not torch.isfinite(value).all():
                raise Diverged(name, step)
            self.steps.setdefault(name, []).append(step)
            self.values.setdefault(name, []).append(value)
        self._pending.clear()

    def tensors(self) -> dict[str, Tensor]:
        """``<name>/steps`` int64 ``[records]`` and ``<name>/values`` ``[records, seeds]``."""
        held: dict[str, Tensor] = {}
        for name, steps in self.steps.items():
            held[f"{name}/steps"] = torch.tensor(steps)
            held[f"{name}/values"] = torch.stack(self.values[name])
        return held

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """Take up the records of a checkpoint."""
        names = {key.rsplit("/", 1)[0] for key in tensors}
        self.steps = {name: tensors[f"{name}/steps"].tolist() for name in names}
        self.values = {name: list(tensors[f"{name}/values"]) for name in names}


class Diverged(UserError):
    """Training produced a loss that is not a finite number."""

    def __init__(self, loss: str, step: int) -> None:
        self.loss, self.step = loss, step
        super().__init__(
            f"training diverged: {loss} was not finite at step {step:,}",
            remedy="Lower the learning rate, or look for extreme values in the dataset",
        )

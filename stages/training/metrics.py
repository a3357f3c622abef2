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
        self._noted = 0

    def record(self, step: int, losses: dict[str, Tensor]) -> None:
        """Note the losses of `step`; the newest of each name is kept whenever a multiple of `every` has been passed.

        Steps may be noted in runs (a CUDA graph makes several at once), so a multiple need not be met exactly.

        Raises:
            Diverged: A loss that is to be kept is not finite.
        """
        for name, loss in losses.items():
            self._pending[name] = (step, loss)
        if step // self.every > self._noted // self.every:
            self.keep()
        self._noted = step

    def check(self) -> None:
        """Look at the newest loss of each name.

        Raises:
            Diverged: One of them is not finite.
        """
        for name, (step, loss) in self._pending.items():
            if not torch.isfinite(loss).all():
                raise Diverged(name, step)

    def keep(self) -> None:
        """Keep the newest loss of each name that has not been kept yet.

        Raises:
            Diverged: One of them is not finite.
        """
        self.check()
        for name, (step, loss) in self._pending.items():
            self.steps.setdefault(name, []).append(step)
            self.values.setdefault(name, []).append(loss.detach().float().cpu().clone())
        self._pending.clear()

    def tensors(self) -> dict[str, Tensor]:
        """``<name>/steps`` int64 ``[records]`` and ``<name>/values`` ``[records, seeds]``."""
        held: dict[str, Tensor] = {}
        for name, steps in self.steps.items():
            held[f"{name}/steps"] = torch.tensor(steps)
            held[f"{name}/values"] = torch.stack(self.values[name])
        return held

    def restore(self, tensors: dict[str, Tensor], step: int) -> None:
        """Take up the records of a checkpoint that was saved at `step`."""
        self._noted = step
        names = {key.rsplit("/", 1)[0] for key in tensors}
        self.steps = {name: tensors[f"{name}/steps"].tolist() for name in names}
        self.values = {name: list(tensors[f"{name}/values"]) for name in names}


class Diverged(UserError):
    """Training produced a loss that is not a finite number.

    Args:
        loss: Name of the loss.
        step: Step at which it was found.
        kept: Where the last good checkpoint is, if there is one.
    """

    def __init__(self, loss: str, step: int, kept: str | None = None) -> None:
        self.loss, self.step = loss, step
        super().__init__(
            f"training diverged: {loss} was not finite at step {step:,}" + (f" (last good: {kept})" if kept else ""),
            remedy="Lower the learning rate, or look for extreme values in the dataset",
        )

"""A learner so simple that every step can be followed by hand, and one that is a real network."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from stages.networks.ensemble import Ensemble
from stages.seeding import generators
from stages.training.draws import UniformDraws
from stages.training.learner import Losses, Update
from stages.training.rows import Batch, Rows
from stages.training.trainable import Trainable


class Counter:
    """Notes the steps at which its updates were applied, and stops after `stop_after` of them."""

    def __init__(
        self, periods: Sequence[int] = (1,), stop_after: int | None = None, losses: Sequence[float] = ()
    ) -> None:
        self.calls: list[list[int]] = [[] for _ in periods]
        self.step, self.stop_after, self.losses = torch.zeros(1), stop_after, losses
        self.updates = [Update(self.counted(i), every=period) for i, period in enumerate(periods)]

    def counted(self, i: int):
        def apply(batch: Batch) -> Losses:
            if i == 0:
                self.step += 1
            self.calls[i].append(int(self.step))
            step = int(self.step) - 1
            return {f"loss {i}": torch.full((2,), self.losses[step] if step < len(self.losses) else float(step))}

        return apply

    def tensors(self) -> dict[str, Tensor]:
        return {"step": self.step}

    def finished(self) -> bool:
        return self.stop_after is not None and int(self.step) >= self.stop_after


class Regression:
    """A network with a target copy, fitted to noisy rows: all that a learner may hold."""

    def __init__(self, seeds: Sequence[int], device: torch.device | str = "cpu", learning_rate: float = 0.01) -> None:
        self.network = Trainable(
            Ensemble((3, 8, 2), len(seeds)), generators(seeds, "test"), learning_rate, device, target=True
        )
        self.updates = [Update(self.fit), Update(self.move_target, every=2), Update(self.copy_target, every=50)]

    def fit(self, batch: Batch) -> Losses:
        predicted = self.network(batch["inputs"]) - 0.1 * self.network.target(batch["inputs"])
        loss = (predicted - batch["outputs"] - 0.01 * batch["noise"]).square().mean((1, 2, 3))
        self.network.minimise(loss)
        return {"fit": loss}

    def move_target(self, batch: Batch) -> Losses:
        self.network.move_target(0.1)
        return {"target": self.network.target_parameters.view(self.network.ensemble.num_seeds, -1).square().mean(1)}

    def copy_target(self, batch: Batch) -> Losses:
        self.network.move_target(1.0)
        return {}

    def tensors(self) -> dict[str, Tensor]:
        return self.network.tensors()

    def finished(self) -> bool:
        return False


def regression_rows(device: torch.device | str = "cpu") -> Rows:
    random = torch.Generator().manual_seed(0)
    inputs = torch.randn(200, 3, generator=random)
    return Rows({"inputs": inputs, "outputs": torch.sin(inputs[:, :2])}, device)


def regression_draws(seeds: Sequence[int]) -> UniformDraws:
    return UniformDraws(seeds, 200, 16, chunk_steps=32, noise={"noise": 2})

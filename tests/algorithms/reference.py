"""Networks written out in float64, one by one, to check losses and gradients of whole ensembles against."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from stages.algorithms.contract import OfflineAlgorithm
from stages.training.trainable import Trainable

Batch = dict[str, Tensor]


class Network:
    """One perceptron, ``[rows, in] -> [rows, out]``, ReLU between layers; `normed`: with a layer norm after each."""

    def __init__(self, trainable: Trainable, seed: int, member: int = 0, normed: bool = False, target: bool = False):
        flat = trainable.target_parameters if target else trainable.parameters
        number = seed * trainable.ensemble.num_members + member
        arrays = [array[number].detach() for layer in trainable.ensemble.layers(flat) for array in layer]
        self.arrays = [array.double().requires_grad_() for array in arrays]
        self.number, self.normed = number, normed

    def __call__(self, inputs: Tensor) -> Tensor:
        values = inputs.double()
        for level in range(0, len(self.arrays), 2):
            if level > 0:
                values = values.clamp(min=0)
                if self.normed:
                    centred = values - values.mean(-1, keepdim=True)
                    values = centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt()
            values = values @ self.arrays[level] + self.arrays[level + 1]
        return values


def fixed_batch(learner: OfflineAlgorithm, rows: int = 12, seeds: int = 2) -> Batch:
    """Some rows for each seed and standard normal noise."""
    random = torch.Generator().manual_seed(0)
    index = torch.randint(0, len(learner.rows), (seeds, rows), generator=random)
    noise = {name: torch.randn(seeds, 1, rows, width, generator=random) for name, width in learner.noise.items()}
    return learner.rows.gather(index) | noise


def of_seed(batch: Batch, seed: int) -> Batch:
    """The batch of a seed in float64, ``[rows, width]``."""
    return {name: values[seed, 0].double() for name, values in batch.items()}


def disturbed(learner: OfflineAlgorithm) -> OfflineAlgorithm:
    """With targets that differ from what they follow."""
    for trainable in vars(learner).values():
        if isinstance(trainable, Trainable) and trainable.target_parameters is not None:
            trainable.target_parameters.mul_(1.3)
    return learner


def losses_and_gradient(trainable: Trainable, step: Callable[[Batch], Batch], batch: Batch) -> tuple[Batch, Tensor]:
    """What a step returns, and the gradient that it would follow; nothing is changed."""
    gradients = []
    apply_gradient = trainable.apply_gradient
    trainable.apply_gradient = lambda: gradients.append(trainable.parameters.grad.clone())
    losses = {name: loss.detach() for name, loss in step(batch).items()}
    trainable.apply_gradient, trainable.parameters.grad = apply_gradient, None
    return losses, gradients[0]


def assert_same_gradient(trainable: Trainable, gradient: Tensor, networks: list[Network], loss: Tensor) -> None:
    """The gradient of the reference's loss is that of the same networks in the ensemble.

    Terms of a loss may cancel, so the absolute error is that of float32 sums as large as the largest entry.
    """
    arrays = torch.autograd.grad(loss, [array for network in networks for array in network.arrays])
    largest = max(float(array.abs().max()) for array in arrays)
    wanted, atol = iter(arrays), 1e-6 * max(1.0, largest)
    for network in networks:
        found = [array[network.number] for layer in trainable.ensemble.layers(gradient) for array in layer]
        for array in found:
            torch.testing.assert_close(array.double(), next(wanted), rtol=1e-4, atol=atol)


def assert_same_loss(found: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(found.double(), expected.detach(), rtol=1e-5, atol=1e-6)


def gaussian_log_prob(mean: Tensor, log_std: Tensor, actions: Tensor) -> Tensor:
    """By torch's own distribution, summed over coordinates."""
    return torch.distributions.Normal(mean, log_std.clamp(-5, 2).exp()).log_prob(actions).sum(-1)

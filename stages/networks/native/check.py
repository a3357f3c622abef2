"""Whether the native library computes what autograd computes in float64."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from itertools import product
from typing import get_args

import torch
from torch import Tensor

from stages.networks.native.layout import Activation, Layout, Norm, perceptron
from stages.networks.native.perceptrons import Perceptrons
from stages.networks.native.reference import evaluate

# Widths on both sides of a vector's and a tile's, and more rows than go through a network at once.
SIZES = ((5, 7, 19, 3), (18, 64, 130, 17))
ROWS = 259


def largest_error(library: ctypes.PyDLL) -> float:
    """Largest difference of outputs and gradients from float64, in units of each one's largest number; maybe NaN."""
    random = torch.Generator().manual_seed(0)
    kinds = product(SIZES, get_args(Activation), get_args(Norm))
    with torch.inference_mode(False), torch.enable_grad():  # whatever the first use stands in
        errors = [_error(library, Layout(perceptron(*kind), 1, 2), random) for kind in kinds]
    # Through a tensor, for a NaN to be the largest of all.
    return float(torch.stack(errors).max())


def _error(library: ctypes.PyDLL, layout: Layout, random: torch.Generator) -> Tensor:
    flat = 0.3 * torch.randn(layout.num_parameters, generator=random)
    inputs = torch.randn(1, 1, ROWS, layout.layers[0].inputs, generator=random)
    directions = torch.randn(1, 2, ROWS, layout.layers[-1].outputs, generator=random)
    networks = Perceptrons(library, layout)
    found = _outcome(networks, flat, inputs, directions)
    exact = _outcome(lambda f, x: evaluate(layout, f, x), flat.double(), inputs.double(), directions.double())
    for weights in (None, directions.flip(2)):
        target = directions if weights is None else directions[..., :1]
        found += networks.errors_and_gradient(flat, inputs, target, weights)
        exact += _regression(layout, flat.detach(), inputs.detach(), target, weights)
    return torch.stack([(a - b).abs().max() / b.abs().max() for a, b in zip(found, exact, strict=True)]).max()


def _outcome(
    evaluated: Callable[[Tensor, Tensor], Tensor], flat: Tensor, inputs: Tensor, directions: Tensor
) -> tuple[Tensor, ...]:
    flat, inputs = flat.requires_grad_(), inputs.requires_grad_()
    outputs = evaluated(flat, inputs)
    gradients = torch.autograd.grad((outputs * directions).sum(), (flat, inputs))
    return outputs.detach(), *gradients


def _regression(
    layout: Layout, flat: Tensor, inputs: Tensor, target: Tensor, weights: Tensor | None
) -> tuple[Tensor, Tensor]:
    """What `Perceptrons.errors_and_gradient` gives, by autograd in float64."""
    flat = flat.double().requires_grad_()
    values = evaluate(layout, flat, inputs.double())
    errors = (values if weights is None else (values * weights).sum(-1, keepdim=True)) - target
    return errors.detach(), torch.autograd.grad(errors.square().mean((2, 3)).sum(), flat)[0]

"""Forward and backward through the layers of many perceptrons at once (ReLU between layers, linear output).

All networks are a single autograd node with a hand-written backward pass: the tape then holds one entry per ensemble
instead of one per layer, and the parameters' gradient is written where the optimiser reads it, into one flat vector.
The native layer computes the same in float32 on a CPU; this is how it is done on CUDA, in float64, or without a
compiler.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from jaxtyping import Float
from torch import Tensor

if TYPE_CHECKING:
    from stages.networks.ensemble import Ensemble

Layers = list[tuple[Tensor, Tensor]]
Values = Float[Tensor, "networks batch _"]

# Layers with few outputs (values, actions) are computed transposed: the libraries' matrix products are 2 to 6 times as
# fast with the narrow side first (measured at 64 -> 2, batch 256: 180 us against 29 us for ten networks).
NARROW = 16


class Perceptrons(torch.autograd.Function):
    """Outputs of all networks of an `Ensemble`, each at its own batch; differentiable once."""

    @staticmethod
    def forward(ctx: Any, inputs: Tensor, flat: Tensor, layers: Layers, ensemble: Ensemble, member: int | None) -> Any:
        activations, outputs = forward(inputs, layers)
        ctx.layers, ctx.ensemble, ctx.member = layers, ensemble, member
        ctx.save_for_backward(flat, *activations)
        return outputs

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Any:
        flat, *activations = ctx.saved_tensors
        wants_inputs, wants_parameters = ctx.needs_input_grad[:2]
        flat_gradient, gradients = None, None
        if wants_parameters:
            flat_gradient = torch.empty_like(flat) if ctx.member is None else torch.zeros_like(flat)
            gradients = ctx.ensemble.layers(flat_gradient, ctx.member)
        return backward(gradient, activations, ctx.layers, gradients, wants_inputs), flat_gradient, None, None, None


def forward(inputs: Values, layers: Layers) -> tuple[list[Values], Values]:
    """What each layer is given, the inputs first, and the outputs."""
    activations = [inputs]
    *hidden, output = layers
    for weight, bias in hidden:
        activations.append(torch.baddbmm(bias, activations[-1], weight).relu_())
    return activations, _affine(activations[-1], *output)


def backward(
    gradient: Values, activations: list[Values], layers: Layers, gradients: Layers | None, wants_inputs: bool
) -> Values | None:
    """Carry the gradient of the outputs back.

    Args:
        gradient: By the outputs.
        activations: What each layer was given.
        layers: Weights ``[networks, in, out]`` and biases ``[networks, 1, out]``.
        gradients: Where those by weights and biases are written, of the same shapes; None: they are not wanted.
        wants_inputs: Whether the gradient by the inputs is wanted.

    Returns:
        The gradient by the inputs, if wanted.
    """
    for level in reversed(range(len(layers))):
        if gradients is not None:
            weight_gradient, bias_gradient = gradients[level]
            _outer(activations[level], gradient, out=weight_gradient)
            torch.sum(gradient, 1, keepdim=True, out=bias_gradient)
        if level > 0:
            gradient = _through(gradient, layers[level][0])
            torch.ops.aten.threshold_backward.grad_input(gradient, activations[level], 0, grad_input=gradient)
    return _through(gradient, layers[0][0]) if wants_inputs else None


def _affine(x: Values, weight: Tensor, bias: Tensor) -> Values:
    if weight.shape[2] < NARROW:
        return torch.baddbmm(bias.mT, weight.mT, x.mT).mT
    return torch.baddbmm(bias, x, weight)


def _outer(x: Values, gradient: Values, out: Tensor) -> None:
    if gradient.shape[2] < NARROW:
        out.copy_(torch.bmm(gradient.mT, x).mT)
    else:
        torch.bmm(x.mT, gradient, out=out)


def _through(gradient: Values, weight: Tensor) -> Values:
    if weight.shape[2] == 1:
        return gradient * weight.mT
    return torch.bmm(gradient, weight.mT)

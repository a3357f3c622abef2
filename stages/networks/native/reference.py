"""The same networks in torch alone: what the native layer is checked against, and what can be differentiated twice."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from stages.networks.native.layout import Layer, Layout

NORM_EPSILON = 1e-5
ACTIVATIONS = {
    "none": lambda values: values,
    "relu": torch.relu,
    "tanh": torch.tanh,
    "gelu": torch.nn.functional.gelu,
}


def evaluate(
    layout: Layout,
    flat: Float[Tensor, "parameters"],
    inputs: Float[Tensor, "seeds m batch in"],
    member: int | None = None,
) -> tuple[Float[Tensor, "seeds members batch out"], list[Tensor]]:
    """Outputs, and the activations ``[seeds, members, batch, width]`` of each hidden layer.

    Args:
        layout: Of the networks.
        flat: Their parameters, of any floating type.
        inputs: With m = 1 the members of a seed share the batch, otherwise m is their number.
        member: Evaluate this member of each seed alone.
    """
    activations = []
    for layer, parameters in zip(layout.layers, layout.layer_views(flat), strict=True):
        blocks = [block.unflatten(0, (layout.num_seeds, layout.num_members)) for block in parameters]
        chosen = blocks if member is None else [block[:, member : member + 1] for block in blocks]
        inputs = _apply(layer, chosen, inputs)
        activations.append(inputs)
    return inputs, activations[:-1]


def _apply(layer: Layer, parameters: list[Tensor], inputs: Tensor) -> Tensor:
    weight, bias, *norm = parameters
    values = inputs @ weight + bias
    if layer.norm == "before":
        values = _normalise(values, *norm)
    values = ACTIVATIONS[layer.activation](values)
    return _normalise(values, *norm) if layer.norm == "after" else values


def _normalise(values: Tensor, gain: Tensor | None = None, shift: Tensor | None = None) -> Tensor:
    normalised = torch.nn.functional.layer_norm(values, values.shape[-1:], eps=NORM_EPSILON)
    return normalised if gain is None or shift is None else normalised * gain + shift

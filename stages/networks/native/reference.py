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
) -> Float[Tensor, "seeds members batch out"]:
    """Outputs of every network.

    Args:
        layout: Of the networks.
        flat: Their parameters, of any floating type.
        inputs: With m = 1 the members of a seed share the batch, otherwise m is their number.
        member: Evaluate this member of each seed alone.
    """
    for layer, parameters in zip(layout.layers, layout.layer_views(flat), strict=True):
        blocks = [block.unflatten(0, (layout.num_seeds, layout.num_members)) for block in parameters]
        weight, bias = blocks if member is None else [block[:, member : member + 1] for block in blocks]
        inputs = _finish(layer, inputs @ weight + bias)
    return inputs


def _finish(layer: Layer, values: Tensor) -> Tensor:
    """Activation and norm."""
    if layer.norm == "before":
        values = _normalise(values)
    values = ACTIVATIONS[layer.activation](values)
    return _normalise(values) if layer.norm == "after" else values


def _normalise(values: Tensor) -> Tensor:
    return torch.nn.functional.layer_norm(values, values.shape[-1:], eps=NORM_EPSILON)

"""What the layers of a perceptron are, and where the parameters of many of them lie in one flat vector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise
from math import prod
from typing import Literal

from jaxtyping import Float
from torch import Tensor

Activation = Literal["none", "relu", "tanh", "gelu"]
Norm = Literal["none", "before", "after"]


@dataclass(frozen=True)
class Layer:
    """An affine map, then an activation, with LayerNorm before it, after it, or not at all.

    The norm has no gain and no shift; the affine map of the next layer can express both.
    """

    inputs: int
    outputs: int
    activation: Activation = "relu"
    norm: Norm = "none"


def perceptron(sizes: Sequence[int], activation: Activation = "relu", norm: Norm = "none") -> tuple[Layer, ...]:
    """Layers of the widths `sizes` (input first, output last), hidden ones alike; the outputs are linear."""
    *hidden, last = pairwise(sizes)
    return (*(Layer(i, o, activation, norm) for i, o in hidden), Layer(*last, "none"))


@dataclass(frozen=True)
class Layout:
    """`num_seeds x num_members` perceptrons of the same layers in one flat vector, layer by layer.

    Raises:
        ValueError: Widths do not fit together, or the last layer is not linear.
    """

    layers: tuple[Layer, ...]
    num_seeds: int = 1
    num_members: int = 1

    def __post_init__(self) -> None:
        fits = all(lower.outputs == upper.inputs for lower, upper in pairwise(self.layers))
        if not fits or min(self.num_seeds, self.num_members) < 1:
            raise ValueError(f"layers do not fit together: {self.layers}")
        if self.layers[-1].activation != "none" or self.layers[-1].norm != "none":
            raise ValueError("the last layer is linear")

    @cached_property
    def blocks(self) -> tuple[tuple[int, int, int], ...]:
        """Shapes ``[network, in, out]`` of the blocks: weight and bias of the first layer, of the second, ..."""
        networks = self.num_seeds * self.num_members
        return tuple((networks, i, layer.outputs) for layer in self.layers for i in (layer.inputs, 1))

    @cached_property
    def starts(self) -> tuple[int, ...]:
        """Where each block begins in the flat vector; the vector's length follows as the last."""
        return tuple(accumulate((prod(shape) for shape in self.blocks), initial=0))

    @property
    def num_parameters(self) -> int:
        return self.starts[-1]

    def layer_views(self, flat: Float[Tensor, "parameters"]) -> list[tuple[Tensor, Tensor]]:
        """Weight ``[network, in, out]`` and bias ``[network, 1, out]`` of each layer."""
        pieces = flat.split([prod(shape) for shape in self.blocks])
        views = [piece.view(shape) for piece, shape in zip(pieces, self.blocks, strict=True)]
        return list(zip(views[::2], views[1::2], strict=True))

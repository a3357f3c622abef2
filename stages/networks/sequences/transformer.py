"""A small transformer, causal or not, whose weights have a leading seed axis, so that all seeds train together.

All weights lie in one matrix ``[seeds, parameters]``, one row per seed; a layer is a block of columns, viewed as
``[seeds, in, out]``, and one batched product for all seeds. Blocks are those of GPT-2: what is added to the residual
stream is computed from its layer norm, first attention, then a perceptron.

    x <- x + merge(attention(norm(x)));   x <- x + narrow(gelu(widen(norm(x))))

Layer norms have no scale and shift of their own, which the affine layer after each of them can express. There is no
dropout.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional as F

INITIAL_STD = 0.02  # of all weights, as in GPT-2; biases start at 0

Shapes = dict[str, tuple[int, int]]
Weights = Mapping[str, Tensor]


def affine(name: str, inputs: int, outputs: int) -> Shapes:
    """Shapes of the weight and the bias of an affine layer."""
    return {f"{name} weight": (inputs, outputs), f"{name} bias": (1, outputs)}


def initialise(shapes: Shapes, generators: Sequence[np.random.Generator]) -> Float[Tensor, "seeds parameters"]:
    """Normal weights and zero biases, one row per generator."""
    drawn = [
        torch.zeros(prod(shape)) if name.endswith("bias") else _normal(generator, prod(shape))
        for generator in generators
        for name, shape in shapes.items()
    ]
    return torch.cat(drawn).view(len(generators), -1)


def _normal(generator: np.random.Generator, count: int) -> Float[Tensor, "count"]:
    return INITIAL_STD * torch.from_numpy(generator.standard_normal(count, np.float32))


def named(shapes: Shapes, parameters: Float[Tensor, "seeds parameters"]) -> Weights:
    """The blocks ``[seeds, in, out]`` of the parameters by name, as views."""
    pieces = parameters.split([prod(shape) for shape in shapes.values()], dim=1)
    return {name: piece.unflatten(1, shape) for (name, shape), piece in zip(shapes.items(), pieces, strict=True)}


def apply_affine(
    weights: Weights, name: str, inputs: Float[Tensor, "seeds *batch in"]
) -> Float[Tensor, "seeds *batch out"]:
    """``inputs @ weight + bias``, each seed with its own."""
    outputs = torch.baddbmm(weights[f"{name} bias"], inputs.flatten(1, -2), weights[f"{name} weight"])
    return outputs.view(*inputs.shape[:-1], -1)


def look_up(
    table: Float[Tensor, "seeds entries width"], index: Int[Tensor, "seeds *batch"]
) -> Float[Tensor, "seeds *batch width"]:
    """Entries of each seed's own table."""
    seeds, entries, _ = table.shape
    first = entries * torch.arange(seeds, device=index.device).view(seeds, *[1] * (index.dim() - 1))
    return F.embedding(index + first, table.flatten(0, 1))


def norm(values: Float[Tensor, "*batch width"]) -> Float[Tensor, "*batch width"]:
    """Shifted and scaled to mean 0 and deviation 1 over the last axis."""
    return F.layer_norm(values, values.shape[-1:])


@dataclass(frozen=True)
class Transformer:
    """Shape of a transformer.

    Attributes:
        width: Numbers per token.
        num_heads: Attention heads; divides `width`.
        hidden_sizes: Width of the hidden layer of each block's perceptron; one block per number.
    """

    width: int
    num_heads: int
    hidden_sizes: tuple[int, ...]

    @property
    def shapes(self) -> Shapes:
        """Shapes of all weights, by name."""
        shapes: Shapes = {}
        for i, hidden in enumerate(self.hidden_sizes):
            shapes |= affine(f"{i} attend", self.width, 3 * self.width) | affine(f"{i} merge", self.width, self.width)
            shapes |= affine(f"{i} widen", self.width, hidden) | affine(f"{i} narrow", hidden, self.width)
        return shapes

    def __call__(
        self,
        weights: Weights,
        tokens: Float[Tensor, "seeds batch tokens width"],
        seen: Bool[Tensor, "some batch tokens"] | None = None,
    ) -> Float[Tensor, "seeds batch tokens width"]:
        """What each token becomes, knowing itself and those before it, or all tokens that are `seen`; normalised."""
        for i in range(len(self.hidden_sizes)):
            tokens = tokens + self._attention(weights, f"{i}", norm(tokens), seen)
            hidden = F.gelu(apply_affine(weights, f"{i} widen", norm(tokens)))
            tokens = tokens + apply_affine(weights, f"{i} narrow", hidden)
        return norm(tokens)

    def _attention(
        self,
        weights: Weights,
        block: str,
        tokens: Float[Tensor, "seeds batch tokens width"],
        seen: Bool[Tensor, "some batch tokens"] | None,
    ) -> Float[Tensor, "seeds batch tokens width"]:
        split = apply_affine(weights, f"{block} attend", tokens).unflatten(-1, (3, self.num_heads, -1))
        queries, keys, values = split.flatten(0, 1).permute(2, 0, 3, 1, 4)
        mask = None if seen is None else seen.expand(tokens.shape[:3]).flatten(0, 1)[:, None, None]
        mixed = F.scaled_dot_product_attention(queries, keys, values, mask, is_causal=seen is None)
        return apply_affine(weights, f"{block} merge", mixed.transpose(1, 2).reshape(tokens.shape))

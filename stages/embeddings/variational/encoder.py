"""The encoder of a trajectory: tokens -> projections -> transformer -> mean over tokens -> Gaussian of the embedding.

What is said of a step falls into groups, such as skills and boundaries; each is projected by a perceptron of its own,
and the projections lie side by side in the token.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional as F

from stages.embeddings.variational.tokens import Tokens
from stages.networks.ensemble import Ensemble
from stages.networks.sequences.parts import Block, Views
from stages.networks.sequences.recurrent import affine
from stages.networks.sequences.transformer import INITIAL_STD, Transformer

Attention = Literal["standard", "bare"]
Posterior = tuple[Float[Tensor, "seeds batch latent"], Float[Tensor, "seeds batch latent"]]


class TrajectoryEncoder:
    """Shapes of the encoder of a block of seeds, and its forward pass.

    Args:
        groups: Numbers of a step by group, in the order in which they lie in `Tokens.values`.
        num_seeds: Seeds of the block.
        width: Numbers per token; every group gets an equal part.
        num_layers: Blocks of the transformer.
        num_heads: Of its attention.
        latent: Length of the embedding.
        attention: ``standard`` blocks (normalised, residual, with perceptrons), or ``bare`` ones as released with VTE:
            attention with one head and nothing else, and an ELU on mean and log-variance.
    """

    def __init__(
        self,
        groups: Mapping[str, int],
        num_seeds: int,
        width: int,
        num_layers: int,
        num_heads: int,
        latent: int,
        attention: Attention,
    ) -> None:
        self.groups, self.num_seeds, self.width, self.attention = dict(groups), num_seeds, width, attention
        self.transformer = Transformer(width, num_heads, (4 * width,) * num_layers)
        part = width // len(groups)
        sizes = [part] * (len(groups) - 1) + [width - part * (len(groups) - 1)]
        self.projections = {
            name: Ensemble((count, width, size), num_seeds)
            for (name, count), size in zip(self.groups.items(), sizes, strict=True)
        }
        shapes = self.transformer.shapes
        if attention == "bare":
            shapes = {f"{i} attend weight": (width, 3 * width) for i in range(num_layers)}
        self.parts: dict[str, Ensemble | Block] = {
            **{f"encoder/{name}": network for name, network in self.projections.items()},
            **{f"encoder/{name}": Block(shape, self._scale(name), normal=True) for name, shape in shapes.items()},
            "encoder/posterior weight": Block((width, 2 * latent), width**-0.5),
            "encoder/posterior bias": Block((1, 2 * latent), 0.0),
        }

    def _scale(self, name: str) -> float:
        """Deviation of initial weights; without norms those of a standard block would pass on next to nothing."""
        if name.endswith("bias"):
            return 0.0
        return INITIAL_STD if self.attention == "standard" else self.width**-0.5

    def __call__(self, parameters: Views, tokens: Tokens) -> Posterior:
        """Mean and log-variance of each episode's embedding."""
        embedded = self._embedded(parameters, tokens)
        weights = {name.removeprefix("encoder/"): view for name, view in parameters.items()}
        if self.attention == "standard":
            features = self.transformer(weights, embedded, tokens.mask)
        else:
            features = embedded
            for i in range(len(self.transformer.hidden_sizes)):
                features = bare_attention(features, weights[f"{i} attend weight"], tokens.mask)
        inside = tokens.mask[..., None]
        pooled = (features * inside).sum(2) / inside.sum(2)
        outputs = affine(pooled, weights["posterior weight"], weights["posterior bias"])
        if self.attention == "bare":
            outputs = F.elu(outputs)
        mean, log_variance = outputs.chunk(2, dim=-1)
        return mean, log_variance

    def _embedded(self, parameters: Views, tokens: Tokens) -> Float[Tensor, "seeds batch tokens width"]:
        shape = self.num_seeds, *tokens.values.shape[1:]
        pieces = tokens.values.expand(shape).split(list(self.groups.values()), dim=-1)
        projected = [
            network(parameters[f"encoder/{name}"], piece.flatten(1, 2)[:, None]).view(*shape[:3], -1)
            for (name, network), piece in zip(self.projections.items(), pieces, strict=True)
        ]
        embedded = F.elu(torch.cat(projected, dim=-1))
        return embedded + positions(shape[2], self.width).to(embedded)


def bare_attention(
    tokens: Float[Tensor, "seeds batch tokens width"],
    weight: Float[Tensor, "seeds width three_widths"],
    mask: Bool[Tensor, "some batch tokens"],
) -> Float[Tensor, "seeds batch tokens width"]:
    """Scaled dot-product attention with one head: no residual, norm, bias, output map or perceptron."""
    queries, keys, values = torch.matmul(tokens, weight[:, None]).chunk(3, dim=-1)
    mixed: Tensor = F.scaled_dot_product_attention(queries, keys, values, mask.expand(tokens.shape[:3])[:, :, None])
    return mixed


def positions(count: int, width: int) -> Float[Tensor, "count width"]:
    """Sines and cosines of the place in the row, as in the first transformer."""
    frequency = torch.exp(-math.log(10_000.0) * torch.arange(0, width, 2) / width)
    angle = torch.arange(count)[:, None] * frequency
    return torch.stack([angle.sin(), angle.cos()], dim=-1).flatten(1)[:, :width]

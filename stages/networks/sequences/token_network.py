"""A causal transformer over episodes, several tokens a step: what decision transformers have in common.

Every token of a step is an affine embedding plus one of the time since the episode's start. What a network puts out is
read off the features of one token or another.

Source: Chen et al., Decision Transformer: Reinforcement Learning via Sequence Modeling, NeurIPS 2021, Section 3.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import torch
from jaxtyping import Float
from pydantic import Field, model_validator
from torch import Tensor

from stages.networks.sequences.transformer import (
    Shapes,
    Transformer,
    affine,
    apply_affine,
    initialise,
    look_up,
    named,
    norm,
)
from stages.settings import Settings


class AttentionSettings(Settings):
    """How wide tokens are, and how many heads attend to them."""

    width: int = Field(128, ge=1, description="numbers per token")
    num_heads: int = Field(1, ge=1, description="attention heads, a divisor of the width")

    @model_validator(mode="after")
    def heads_divide_the_width(self) -> AttentionSettings:
        if self.width % self.num_heads:
            raise ValueError(f"num_heads: {self.num_heads} does not divide the width {self.width}")
        return self


@dataclass(frozen=True)
class TokenNetwork:
    """Shape of the network.

    Attributes:
        tokens: Names of a step's tokens, in the order in which they are read.
        observation: Numbers per observation.
        action: Numbers per action.
        longest: Steps that times are told apart for; later ones count as the last.
        width: Numbers per token.
        num_heads: Attention heads; divides `width`.
        hidden_sizes: Width of the hidden layer of each block.
    """

    tokens: ClassVar[tuple[str, ...]]

    observation: int
    action: int
    longest: int
    width: int
    num_heads: int
    hidden_sizes: tuple[int, ...]

    @classmethod
    def load(cls, facts: dict[str, Any]) -> TokenNetwork:
        """From the fields' values."""
        return cls(**{**facts, "hidden_sizes": tuple(facts["hidden_sizes"])})

    @property
    @abstractmethod
    def heads(self) -> Shapes:
        """Shapes of what reads outputs off features."""

    @cached_property
    def transformer(self) -> Transformer:
        return Transformer(self.width, self.num_heads, self.hidden_sizes)

    @cached_property
    def shapes(self) -> Shapes:
        """Shapes of all weights, by name."""
        shapes: Shapes = {"times": (self.longest, self.width)}
        widths = {"observations": self.observation, "actions": self.action}
        for name in self.tokens:
            shapes |= affine(name, widths.get(name, 1), self.width)
        return shapes | self.transformer.shapes | self.heads

    def initialise(self, generators: Sequence[np.random.Generator]) -> Float[Tensor, "seeds parameters"]:
        """Initial parameters, one row per generator."""
        return initialise(self.shapes, generators)

    def features(
        self, weights: Mapping[str, Tensor], context: Mapping[str, Tensor]
    ) -> dict[str, Float[Tensor, "seeds batch steps width"]]:
        """What the transformer makes of each token of a context of any length, by the token's name.

        Args:
            weights: All weights by name, of every seed.
            context: The tokens' values, all scaled, ``[seeds, batch, steps, ...]``, and ``times``
                ``[seeds, batch, steps]``.
        """
        times = look_up(weights["times"], context["times"].clamp(max=self.longest - 1))
        embedded = torch.stack([apply_affine(weights, name, context[name]) + times for name in self.tokens], dim=3)
        features = self.transformer(weights, norm(embedded).flatten(2, 3)).unflatten(2, (-1, len(self.tokens)))
        return dict(zip(self.tokens, features.unbind(3), strict=True))

    def weights(self, parameters: Float[Tensor, "seeds parameters"]) -> dict[str, Tensor]:
        """All weights by name; `parameters` has one row per seed."""
        return named(self.shapes, parameters)

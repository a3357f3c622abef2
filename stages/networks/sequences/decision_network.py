"""A causal transformer that reads (return-to-go, observation, action) of each step and says which action comes next.

Each of the three tokens of a step is an affine embedding plus one of the time since the episode's start. The action is
read off the observation's token, which knows the wish of its own step but not the action.

Source: Chen et al., Decision Transformer: Reinforcement Learning via Sequence Modeling, NeurIPS 2021, Section 3.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
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

TOKENS = ("returns_to_go", "observations", "actions")


@dataclass(frozen=True)
class DecisionNetwork:
    """Shape of the network.

    Attributes:
        observation: Numbers per observation.
        action: Numbers per action.
        longest: Steps that times are told apart for; later ones count as the last.
        width: Numbers per token.
        num_heads: Attention heads; divides `width`.
        hidden_sizes: Width of the hidden layer of each block.
    """

    observation: int
    action: int
    longest: int
    width: int
    num_heads: int
    hidden_sizes: tuple[int, ...]

    @classmethod
    def load(cls, facts: dict[str, Any]) -> DecisionNetwork:
        """From the fields' values."""
        return cls(**{**facts, "hidden_sizes": tuple(facts["hidden_sizes"])})

    @cached_property
    def transformer(self) -> Transformer:
        return Transformer(self.width, self.num_heads, self.hidden_sizes)

    @cached_property
    def shapes(self) -> Shapes:
        """Shapes of all weights, by name."""
        shapes: Shapes = {"times": (self.longest, self.width)}
        for name, inputs in zip(TOKENS, (1, self.observation, self.action), strict=True):
            shapes |= affine(name, inputs, self.width)
        return shapes | self.transformer.shapes | affine("head", self.width, self.action)

    def initialise(self, generators: Sequence[np.random.Generator]) -> Float[Tensor, "seeds parameters"]:
        """Initial parameters, one row per generator."""
        return initialise(self.shapes, generators)

    def __call__(
        self, parameters: Float[Tensor, "seeds parameters"], context: Mapping[str, Tensor]
    ) -> Float[Tensor, "seeds batch steps action"]:
        """The action of every step of a context of any length, within the box [-1, 1].

        Args:
            parameters: One row per seed.
            context: ``returns_to_go``, ``observations`` and ``actions``, all scaled, ``[seeds, batch, steps, ...]``,
                and ``times`` ``[seeds, batch, steps]``.
        """
        weights = named(self.shapes, parameters)
        times = look_up(weights["times"], context["times"].clamp(max=self.longest - 1))
        embedded = torch.stack([apply_affine(weights, name, context[name]) + times for name in TOKENS], dim=3)
        features = self.transformer(weights, norm(embedded).flatten(2, 3)).unflatten(2, (-1, len(TOKENS)))
        return torch.tanh(apply_affine(weights, "head", features[..., TOKENS.index("observations"), :]))

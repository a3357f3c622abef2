"""The network of the constrained decision transformer: four tokens per step in, actions and costs out.

Tokens of a step: return-to-go, cost-to-go, observation, action, each an affine embedding plus one of the time since
the episode's start. The action is read off the observation's token, which knows the wishes of its own step; whether
the step costs anything is read off the action's token.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

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
from stages.training.rows import Batch

TOKENS = ("returns_to_go", "costs_to_go", "observations", "actions")


class Outputs(NamedTuple):
    """What the network says of every step of its context.

    Attributes:
        actions: Mean and log standard deviation of the action.
        costs: Log odds that the step costs anything.
    """

    actions: Float[Tensor, "seeds batch steps twice_action"]
    costs: Float[Tensor, "seeds batch steps"]


@dataclass(frozen=True)
class CdtNetwork:
    """Shape of the network.

    Attributes:
        observation: Numbers per observation.
        action: Numbers per action.
        longest: Steps that times are told apart for; later ones count as the last.
        width: Numbers per token.
        num_heads: Attention heads.
        hidden_sizes: Width of the hidden layer of each block.
    """

    observation: int
    action: int
    longest: int
    width: int
    num_heads: int
    hidden_sizes: tuple[int, ...]

    @classmethod
    def load(cls, facts: dict[str, Any]) -> CdtNetwork:
        """From the fields' values."""
        return cls(**{**facts, "hidden_sizes": tuple(facts["hidden_sizes"])})

    @cached_property
    def transformer(self) -> Transformer:
        return Transformer(self.width, self.num_heads, self.hidden_sizes)

    @cached_property
    def shapes(self) -> Shapes:
        """Shapes of all weights, by name."""
        shapes: Shapes = {"times": (self.longest, self.width)}
        for name, inputs in zip(TOKENS, (1, 1, self.observation, self.action), strict=True):
            shapes |= affine(name, inputs, self.width)
        heads = affine("head action", self.width, 2 * self.action) | affine("head cost", self.width, 1)
        return shapes | self.transformer.shapes | heads

    def initialise(self, generators: Sequence[np.random.Generator]) -> Float[Tensor, "seeds parameters"]:
        """Initial parameters, one row per generator."""
        return initialise(self.shapes, generators)

    def __call__(self, parameters: Float[Tensor, "seeds parameters"], context: Batch) -> Outputs:
        """Read a context of any length.

        Args:
            parameters: One row per seed.
            context: ``returns_to_go``, ``costs_to_go``, ``observations`` and ``actions``, all scaled,
                ``[seeds, batch, steps, ...]``, and ``times`` ``[seeds, batch, steps]``.
        """
        weights = named(self.shapes, parameters)
        times = look_up(weights["times"], context["times"].clamp(max=self.longest - 1))
        embedded = torch.stack([apply_affine(weights, name, context[name]) + times for name in TOKENS], dim=3)
        features = self.transformer(weights, norm(embedded).flatten(2, 3)).unflatten(2, (-1, len(TOKENS)))
        actions = apply_affine(weights, "head action", features[..., TOKENS.index("observations"), :])
        costs = apply_affine(weights, "head cost", features[..., TOKENS.index("actions"), :])
        return Outputs(actions, costs.squeeze(-1))

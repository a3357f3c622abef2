"""A causal transformer that reads (return-to-go, observation, action) of each step and says which action comes next.

The action is read off the observation's token, which knows the wish of its own step but not the action.

Source: Chen et al., Decision Transformer: Reinforcement Learning via Sequence Modeling, NeurIPS 2021, Section 3.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from stages.networks.sequences.token_network import TokenNetwork
from stages.networks.sequences.transformer import Shapes, affine, apply_affine


@dataclass(frozen=True)
class DecisionNetwork(TokenNetwork):
    """Three tokens per step in, actions out."""

    tokens = ("returns_to_go", "observations", "actions")

    @property
    def heads(self) -> Shapes:
        return affine("head", self.width, self.action)

    def __call__(
        self, parameters: Float[Tensor, "seeds parameters"], context: Mapping[str, Tensor]
    ) -> Float[Tensor, "seeds batch steps action"]:
        """The action of every step of a context, within the box [-1, 1]; see `features`."""
        weights = self.weights(parameters)
        return torch.tanh(apply_affine(weights, "head", self.features(weights, context)["observations"]))

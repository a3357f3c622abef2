"""The network of the constrained decision transformer: four tokens per step in, actions and costs out.

Tokens of a step: return-to-go, cost-to-go, observation, action. The action is read off the observation's token, which
knows the wishes of its own step; whether the step costs anything is read off the action's token.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from jaxtyping import Float
from torch import Tensor

from stages.networks.sequences.token_network import TokenNetwork
from stages.networks.sequences.transformer import Shapes, affine, apply_affine
from stages.training.rows import Batch


class Outputs(NamedTuple):
    """What the network says of every step of its context.

    Attributes:
        actions: Mean and log standard deviation of the action.
        costs: Log odds that the step costs anything.
    """

    actions: Float[Tensor, "seeds batch steps twice_action"]
    costs: Float[Tensor, "seeds batch steps"]


@dataclass(frozen=True)
class CdtNetwork(TokenNetwork):
    """Four tokens per step in, actions and costs out."""

    tokens = ("returns_to_go", "costs_to_go", "observations", "actions")

    @property
    def heads(self) -> Shapes:
        return affine("head action", self.width, 2 * self.action) | affine("head cost", self.width, 1)

    def __call__(self, parameters: Float[Tensor, "seeds parameters"], context: Batch) -> Outputs:
        """Read a context; see `features`."""
        weights = self.weights(parameters)
        features = self.features(weights, context)
        actions = apply_affine(weights, "head action", features["observations"])
        costs = apply_affine(weights, "head cost", features["actions"])
        return Outputs(actions, costs.squeeze(-1))
